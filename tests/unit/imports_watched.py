"""Imports each module of this project, and ends when that does what importing must not do.

`python -m tests.unit.imports_watched` prints how many modules there were.
"""

import importlib
import os
import pkgutil
import re
import sys
from typing import Any

PACKAGES = ("app", "agents", "tables", "schemas", "web")

#: `faust -A app.main worker` builds the worker by importing this one.
BUILDS = {"app.main"}

#: A worker, and alerts that go to a webhook, load nothing that only few ask for: it takes time and memory. Of
#: OpenTelemetry FastAPI loads the API, which does nothing by itself, where it finds it.
LEAN = ("app.build", "app.alerts.alert_service", "app.alerts.webhook", "app.alerts.destinations", "app.cli.alerts")
FOR_FEW = ("apprise", "opentelemetry.sdk", "opentelemetry.exporter")

_FORBIDDEN = {
    *("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"),
    *("subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"),
}
#: The user's settings, the local stack's folder, and other processes.
_USERS = re.compile(r"(^|/)\.(env|stack)(/|$)|^/proc/\d+/")


def watch(event: str, args: tuple[Any, ...]) -> None:
    """An audit hook: end the process at what is forbidden."""
    if event == "subprocess.Popen" and list(args[1])[:2] == ["file", "-b"]:
        return  # croniter, which Faust imports, asks so whether Python has 32 bits.
    if event == "socket.bind" and args[1] == ("::1", 0):
        return  # urllib3, which Alpaca's client imports, tries so whether there is IPv6.
    if event in _FORBIDDEN:
        _end(f"{event}{args!r:.200}")
    elif event in ("open", "os.listdir", "os.scandir") and isinstance(args[0], str | bytes | os.PathLike):
        path = os.fsdecode(args[0])
        if _USERS.search(path) and not path.startswith(f"/proc/{os.getpid()}/"):
            _end(f"{event} {path}")


def _end(why: str) -> None:
    # An exception could be caught on its way.
    print(f"{_importing}: {why}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(1)


_importing = ""


def main() -> None:
    """Import all."""
    global _importing
    sys.addaudithook(watch)
    for _importing in LEAN:
        importlib.import_module(_importing)
        if found := [name for name in sys.modules if name.startswith(FOR_FEW)]:
            _end(f"loads {found[0]}")
    count = 0
    for package in PACKAGES:
        top = importlib.import_module(package)
        for info in pkgutil.walk_packages(top.__path__, f"{package}."):
            if info.name not in BUILDS and not info.name.endswith("__main__"):
                _importing = info.name
                importlib.import_module(info.name)
                count += 1
    print(count)  # noqa: T201


if __name__ == "__main__":
    main()
