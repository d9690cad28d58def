"""The cache of downloads, in the user's cache folder and shared by all stacks: verified at every start."""

import errno
import os
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from app.stack.artifacts import Artifact, Artifacts, artifacts
from app.stack.download import download
from app.stack.errors import StackError
from app.stack.exclusive import exclusive
from app.stack.hashing import files_sha256, tree_sha256
from app.stack.progress import MB, Reporter


class Installed(NamedTuple):
    """The files that the stack runs."""

    kafka_jars: list[Path]
    registry_home: Path


def cache_dir() -> Path:
    """The folder: $XDG_CACHE_HOME/stock-signals, or ~/.cache/stock-signals."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stock-signals"


def install(reporter: Reporter, *, wanted: Artifacts | None = None, base_url: str | None = None) -> Installed:
    """Downloads whatever is missing or damaged, from `base_url` or else from the repository that jgo names.

    Raises StackError naming the cause and the fix.
    """
    wanted = wanted or artifacts()
    home = cache_dir() / f"apicurio-registry-{wanted.registry_version}"
    with _alone(reporter):
        to_unpack = _registry_is_unfit(home, wanted, reporter)
        files = [*wanted.kafka_jars, *([wanted.registry_archive] if to_unpack else [])]
        room = wanted.registry_tree_size if to_unpack else 0
        found = _fetch(files, "Kafka, schema registry", room, reporter, base_url)
        if to_unpack:
            archive = found.pop()
            with _disk_space(cache_dir(), room), reporter.waiting("Unpacking the schema registry…"):
                unpack(archive, home)
            archive.unlink()
    return Installed(found, home)


def fetch(wanted: Sequence[Artifact], what: str, reporter: Reporter, *, base_url: str | None = None) -> list[Path]:
    """Download any files of the repository that are missing; returns their paths. `what` describes them in messages."""
    with _alone(reporter):
        return _fetch(wanted, what, 0, reporter, base_url)


def _alone(reporter: Reporter) -> AbstractContextManager[None]:
    return exclusive(cache_dir() / "lock", reporter, "Waiting for another process that is downloading…")


def _fetch(wanted: Sequence[Artifact], what: str, room: int, reporter: Reporter, base_url: str | None) -> list[Path]:
    """Needs the lock. `room` is for what else will be written, in bytes."""
    files = cache_dir() / "files"
    files.mkdir(parents=True, exist_ok=True)
    missing = _unfit(wanted, files, reporter)
    needed = sum(artifact.size for artifact in missing)
    with _disk_space(files, needed + room):
        if missing:
            reporter.say(f"Downloading {needed / MB:.0f} MB ({what}) once, into {cache_dir()}")
            download(missing, files, base_url or _repository(), reporter)
    return [files / artifact.name for artifact in wanted]


def unpack(archive: Path, home: Path) -> None:
    """Unpacks an archive into a folder, which is there whole or not at all."""
    half = home.with_name(f"{home.name}.part")
    for old in (half, home):
        shutil.rmtree(old, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(half, filter="data")
    half.rename(home)


def _unfit(wanted: Sequence[Artifact], files: Path, reporter: Reporter) -> list[Artifact]:
    """The files that are missing or damaged."""
    unfit = []
    for artifact, found in zip(wanted, files_sha256(files / artifact.name for artifact in wanted), strict=True):
        if found == artifact.sha256:
            continue
        if found:
            reporter.say(
                f"{files / artifact.name} is damaged (sha256 expected {artifact.sha256}, found {found}); "
                "downloading it again"
            )
        unfit.append(artifact)
    return unfit


def _registry_is_unfit(home: Path, wanted: Artifacts, reporter: Reporter) -> bool:
    if not home.exists():
        return True
    found = tree_sha256(home)
    if found == wanted.registry_tree_sha256:
        return False
    reporter.say(
        f"{home} is damaged (sha256 of its files expected {wanted.registry_tree_sha256}, found {found}); "
        "unpacking it again"
    )
    return True


@contextmanager
def _disk_space(folder: Path, needed: int) -> Iterator[None]:
    def full() -> StackError:
        free = shutil.disk_usage(folder).free
        return StackError(
            f"No disk space left for {folder}: {needed / MB:.0f} MB are needed, {free / MB:.0f} MB are free.\n"
            "Free some, or set XDG_CACHE_HOME to a folder on another disk."
        )

    if shutil.disk_usage(folder).free < needed:
        raise full()
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full() from error
        raise


def _repository() -> str:
    # Imported only when there is something to download: it takes as long as hashing everything.
    from jgo.constants import MAVEN_CENTRAL_URL

    return str(MAVEN_CENTRAL_URL)
