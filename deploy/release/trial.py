"""A copy of the checkout whose packages are those of a wheel, so that all tests judge what users get."""

import shutil
from pathlib import Path
from zipfile import ZipFile

from deploy.release.checks import git

PACKAGES = ("app", "agents", "tables", "schemas", "web")


def lay_out(root: Path, wheel: Path, folder: Path) -> None:
    """Copy what git knows of the checkout into the folder, but the packages from the wheel.

    A file that the wheel lacks is then missing for the tests, too.
    """
    for name in git(root, "ls-files", "-z").split("\0"):
        if name and name.partition("/")[0] not in PACKAGES:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target)
    with ZipFile(wheel) as file:
        file.extractall(folder, [name for name in file.namelist() if name.partition("/")[0] in PACKAGES])
