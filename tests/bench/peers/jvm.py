"""Kafka Streams and Flink, as programs in Java: compiled once into the cache, by the JDK that is there."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from app.stack.cache import cache_dir, fetch
from app.stack.errors import StackError
from app.stack.exclusive import exclusive
from app.stack.progress import Shown
from tests.bench.peers.jars import FLINK, KAFKA_STREAMS, LOCK_FILE, SOURCES, jars
from tests.bench.peers.jdk import OLDEST, find_jdk
from tests.bench.peers.peer import Peer, PeerUnavailable, peers_cache

_MAIN = {"kafka_streams": "peers.KafkaStreamsPeer", "flink": "peers.FlinkPeer"}

# What Flink's own start script opens, as far as this job needs it: Java 17 keeps the rest of the JDK shut.
_OPENED = ("lang", "lang.reflect", "net", "io", "nio", "text", "time", "util", "util.concurrent")
_JVM = {
    "kafka_streams": (),
    "flink": tuple(f"--add-opens=java.base/java.{package}=ALL-UNNAMED" for package in _OPENED),
}
# Two cores and a load of 11,000 symbols: enough for a heap that is never short.
_BOTH = ("-Xms1g", "-Xmx2g", "-XX:+UseG1GC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")


def peers() -> list[Peer]:
    """Kafka Streams in three modes and Flink in two."""
    streams = f"Kafka Streams {KAFKA_STREAMS}"
    return [
        _peer("kafka_streams", "ks", f"{streams}, cache off", exact=False),
        _peer("kafka_streams", "ks_cached", f"{streams}, cache 256 MB, commit 1 s", exact=False),
        _peer("kafka_streams", "ks_eos", f"{streams}, exactly_once_v2", exact=True),
        _peer("flink", "flink", f"Flink {FLINK}, heap state, at least once", exact=False),
        _peer("flink", "flink_eos", f"Flink {FLINK}, heap state, exactly once", exact=True),
    ]


def _peer(system: str, mode: str, title: str, *, exact: bool) -> Peer:
    return Peer(
        mode,
        title,
        "exactly once" if exact else "at least once",
        prepare=partial(_prepare, system),
        command=partial(_command, system, mode),
    )


def _prepare(system: str) -> None:
    """Download and compile what is missing. Raises PeerUnavailable."""
    javac = find_jdk().javac
    try:
        libraries = fetch(jars(system), f"{_MAIN[system].rpartition('.')[2]}'s libraries", Shown())
    except StackError as error:
        raise PeerUnavailable(str(error)) from error
    classes = _classes(system)
    with exclusive(peers_cache() / "lock", Shown(), "Waiting for another process that compiles…"):
        if classes.exists():
            return
        # Whole or not at all: what is renamed is complete.
        with tempfile.TemporaryDirectory(dir=peers_cache(), prefix="compiling-") as half:
            done = subprocess.run(
                compile_command(javac, libraries, sources(system), Path(half)),
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise PeerUnavailable(f"{javac} does not compile {SOURCES}:\n{done.stderr}")
            shutil.copytree(half, classes.with_suffix(".part"), dirs_exist_ok=True)
        classes.with_suffix(".part").rename(classes)


def _command(system: str, mode: str) -> Sequence[str]:
    libraries = [cache_dir() / "files" / jar.name for jar in jars(system)]
    return run_command(find_jdk().java, [_classes(system), *libraries], system, mode)


def _classes(system: str) -> Path:
    return peers_cache() / f"{system}-{fingerprint([*sources(system), LOCK_FILE])}"


def sources(system: str) -> list[Path]:
    """The Java files of a system: its own, and those that both share."""
    return sorted(file for folder in ("common", system) for file in (SOURCES / folder).glob("*.java"))


def fingerprint(files: Iterable[Path]) -> str:
    """Short text that differs when any of the files does."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def compile_command(javac: Path, libraries: Sequence[Path], files: Sequence[Path], target: Path) -> list[str]:
    """How to compile files into the folder `target`."""
    path = os.pathsep.join(map(str, libraries))
    options = ["--release", str(OLDEST), "-encoding", "UTF-8"]
    return [str(javac), *options, "-d", str(target), "-cp", path, *map(str, files)]


def run_command(java: Path, libraries: Sequence[Path], system: str, mode: str) -> list[str]:
    """How to run a system's program in a mode."""
    path = os.pathsep.join(map(str, libraries))
    return [str(java), *_BOTH, *_JVM[system], "-cp", path, _MAIN[system], mode]
