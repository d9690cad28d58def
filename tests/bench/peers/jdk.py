"""The JDK that the peers in Java are compiled and run with."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.bench.peers.peer import PeerUnavailable

#: The oldest Java that Flink 2 and Kafka Streams 4 run on, less what the sources use of the language.
OLDEST = 17

_FIX = f"Install a JDK {OLDEST} or newer (with javac, not a runtime only), and set JAVA_HOME to it or put it on PATH."


class Jdk(NamedTuple):
    """Its two programs."""

    java: Path
    javac: Path


def find_jdk(environment: Mapping[str, str] = os.environ) -> Jdk:
    """The JDK of JAVA_HOME, otherwise the one on PATH. Raises PeerUnavailable for none, or one too old."""
    home = environment.get("JAVA_HOME")
    if home:
        folder, where = Path(home) / "bin", f"JAVA_HOME, {home}"
    else:
        found = shutil.which("javac", path=environment.get("PATH", ""))
        # What is on PATH is a link, and only the folder behind it is certain to have both.
        folder, where = Path(found).resolve().parent if found else Path(), "PATH"
        if not found:
            raise PeerUnavailable(f"There is no javac on PATH.\n{_FIX}")
    jdk = Jdk(folder / "java", folder / "javac")
    for program in jdk:
        if not program.is_file():
            raise PeerUnavailable(f"{program} is missing; it was looked for because of {where}.\n{_FIX}")
    asked = subprocess.run([jdk.javac, "-version"], capture_output=True, text=True, check=False)
    version = major_version(asked.stdout + asked.stderr)
    if version is None:
        raise PeerUnavailable(f"{jdk.javac} does not tell its version: {asked.stderr.strip()}\n{_FIX}")
    if version < OLDEST:
        raise PeerUnavailable(f"{jdk.javac} is of Java {version}.\n{_FIX}")
    return jdk


def major_version(text: str) -> int | None:
    """17 for `javac 17.0.15`, 8 for `javac 1.8.0_402`; None for anything else."""
    found = re.search(r"^javac (?:1\.)?(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else None
