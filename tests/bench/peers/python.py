"""The peers in Python, and what they run on."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from tests.bench.peers.peer import Peer, PeerUnavailable, peers_cache

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[2]
_QUIX = _HERE / "quix_env"


def peers() -> list[Peer]:
    """All of them."""
    return [
        Peer(
            "quix", f"Quix Streams {_locked('quixstreams')}", "at least once", _make_quix_env, _program("quix", _quix)
        ),
        Peer(
            "raw",
            f"raw loop of confluent-kafka {version('confluent-kafka')} and fastavro",
            "at least once",
            _nothing,
            _program("raw", _ours),
        ),
        Peer(
            "stock_faust",
            f"Faust {version('faust-streaming')}, an event at a time",
            "at least once",
            _nothing,
            _program("stock_faust", _ours, "worker", "-l", "info"),
            share=0.05,
        ),
    ]


def _nothing() -> None:
    """The project's own environment has all."""


def _program(name: str, python: Callable[[], str], *arguments: str) -> Callable[[], Sequence[str]]:
    return lambda: [python(), "-m", f"tests.bench.peers.{name}", *arguments]


def _ours() -> str:
    return sys.executable


def _quix() -> str:
    return str(_quix_env() / "bin" / "python")


def _quix_env() -> Path:
    """Named by what is locked, so that an upgrade makes another."""
    return peers_cache() / f"quix-{sha256((_QUIX / 'uv.lock').read_bytes()).hexdigest()[:12]}"


def _make_quix_env() -> None:
    if (_quix_env() / ".done").exists():
        return
    uv = shutil.which("uv") or str(_ROOT / ".uv" / "bin" / "uv")
    if not Path(uv).exists():
        raise PeerUnavailable("Quix Streams needs uv for an environment of its own: run `make bench`, or install uv")
    command = [uv, "sync", "--locked", "--quiet", "--project", str(_QUIX), "--python", sys.executable]
    # One of the caller's would be the project's.
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    made = subprocess.run(
        command,
        env=environment | {"UV_PROJECT_ENVIRONMENT": str(_quix_env())},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if made.returncode:
        raise PeerUnavailable(
            f"The environment of Quix Streams cannot be made: is the package index reachable?\n{made.stdout[-2000:]}"
        )
    (_quix_env() / ".done").touch()


@cache
def _locked(package: str) -> str:
    """The version in Quix's lock."""
    lines = (_QUIX / "uv.lock").read_text().splitlines()
    at = lines.index(f'name = "{package}"')
    return lines[at + 1].split('"')[1]
