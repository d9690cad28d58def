"""The built wheel in empty environments, outside of the checkout, with the dependencies that it asks for itself."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import httpx
import pytest

from tests.bars import make_bar
from tests.harness.held_port import held_port
from tests.harness.http_client import http_client
from tests.integration.command_line import environment
from tests.integration.conftest import Deploy
from tests.integration.waiting import eventually

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "agents", "tables", "schemas", "web")
IMPORTS = """
import importlib, pkgutil, app.sources
names = [each.name for each in pkgutil.walk_packages(app.sources.__path__, "app.sources.")]
print(len([importlib.import_module(name) for name in names]))
"""
#: Without what other tests set for Python, and without a folder that would hide what the wheel lacks.
PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


class Wheel(NamedTuple):
    """The file, and what installs it."""

    path: Path
    uv: Path
    constraints: Path

    def install(self, environment: Path, *packages: str, options: Sequence[str] = ()) -> Path:
        """Into an environment, which is made if it is not there; returns its folder of commands."""
        folder = environment.parent
        if not environment.exists():
            run(self.uv, "venv", "--quiet", "--no-project", "--python", sys.executable, environment, cwd=folder)
        python = environment / "bin" / "python"
        where = ("--quiet", "--no-config", "--python", python, "--constraint", self.constraints)
        run(self.uv, "pip", "install", *where, *options, *packages, cwd=folder)
        return python.parent


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, env=PLAIN, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def locked(uv: Path) -> str:
    """Constraints: the versions of uv.lock."""
    command = ("export", "--frozen", "--quiet", "--all-extras", "--no-dev", "--no-emit-project", "--no-hashes")
    return run(uv, *command, cwd=ROOT)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    """Built once; with UV_OFFLINE=1 from what uv has in its cache."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = Path(shutil.which("uv") or ROOT / ".uv" / "bin" / "uv")
    run(uv, "build", "--quiet", "--wheel", "--out-dir", folder / "dist", ROOT, cwd=folder)
    [path] = (folder / "dist").glob("*.whl")
    (folder / "locked.txt").write_text(locked(uv), "utf-8")
    return Wheel(path, uv, folder / "locked.txt")


@pytest.fixture(scope="module")
def commands(wheel: Wheel) -> Path:
    """The folder of commands of an environment with the wheel and what it depends on."""
    return wheel.install(wheel.path.parent / "env", str(wheel.path))


def test_it_holds_every_file_of_the_packages_and_nothing_else(wheel: Wheel) -> None:
    ours = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with ZipFile(wheel.path) as file:
        found = {name for name in file.namelist() if ".dist-info/" not in name}
    assert found == ours
    assert {"schemas/signal.avsc", "web/static/index.html", "app/calendar/xnys.npz"} <= found


@pytest.fixture
def port() -> Iterator[int]:
    """One that nobody else is given."""
    with held_port() as number:
        yield number


def test_its_worker_makes_signals_and_serves_the_page(
    commands: Path, deploy: Deploy, port: int, tmp_path: Path
) -> None:
    deployment = deploy(partitions=1, api_port=port)
    deployment.send(make_bar(minute, 10.0 + minute % 7) for minute in range(60))
    with worker(commands, environment(deployment.settings), tmp_path) as api:
        eventually(lambda: answers(api), 60, lambda: (tmp_path / "worker.log").read_text(errors="replace")[-3000:])
        eventually(lambda: has_signals(api, 60), 30)
        newest = api.get("/signals?limit=1").json()["signals"][0]
        assert (newest["symbol"], newest["close"], newest["ready"]) == ("AAPL", 13.0, True)
        page = api.get("/", headers={"Accept": "text/html"})
        assert page.content == (ROOT / "web/static/index.html").read_bytes()
        for file in (ROOT / "web/static").rglob("*.*"):
            if file.suffix in {".js", ".mjs", ".css", ".svg"}:
                assert api.get(f"/static/{file.relative_to(ROOT / 'web/static')}").content == file.read_bytes()


def test_alpacas_client_comes_by_the_two_commands_that_it_asks_for(commands: Path, wheel: Wheel) -> None:
    environment = wheel.path.parent / "env-alpaca"
    keys = {"APCA_API_KEY_ID": "KEY", "APCA_API_SECRET_KEY": "SECRET"}
    done = subprocess.run(
        [commands / "stocks", "live"], cwd=commands, env={**PLAIN, **keys}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    asked = re.findall(r"`pip install (.+?)`", done.stderr)
    assert asked == ["'stock-signals[alpaca]'", "--no-deps alpaca-trade-api"]
    wheel.install(environment, f"stock-signals[alpaca] @ {wheel.path.as_uri()}")
    there = wheel.install(environment, "alpaca-trade-api", options=["--no-deps"])
    said = run(there / "stocks", "--version", cwd=there).split()[-1]
    assert said == wheel.path.name.split("-")[1]
    assert int(run(there / "python", "-I", "-c", IMPORTS, cwd=there)) > 30


def has_signals(api: httpx.Client, count: int) -> bool:
    """Whether it shows so many; a worker whose group has just changed answers 503 for a moment."""
    answer = api.get("/signals")
    return answer.is_success and answer.json()["total"] == count


def answers(api: httpx.Client) -> bool:
    try:
        return api.get("/ready").is_success
    except httpx.TransportError:
        return False


@contextmanager
def worker(commands: Path, settings: dict[str, str], folder: Path) -> Iterator[httpx.Client]:
    """`stocks worker` of the wheel in a folder of its own; it must end well when it is asked to."""
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [commands / "stocks", "worker"],
            cwd=folder,
            env={**PLAIN, **settings},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        with http_client(base_url=f"http://127.0.0.1:{settings['API_PORT']}") as api:
            yield api
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
