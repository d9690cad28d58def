"""A clone of the checkout whose packages are those of a wheel, so that all tests judge what users get."""

import shutil
from pathlib import Path
from zipfile import ZipFile

from deploy.release.checks import git

PACKAGES = ("app", "agents", "tables", "schemas", "web")


def lay_out(root: Path, wheel: Path, folder: Path) -> None:
    """Clone into the folder, but with the packages from the wheel and the changelog as it will be released.

    A file that the wheel lacks is then missing for the tests, too.
    """
    git(root, "clone", "--quiet", str(root), str(folder))
    for package in PACKAGES:
        shutil.rmtree(folder / package, ignore_errors=True)
    with ZipFile(wheel) as file:
        file.extractall(folder, [name for name in file.namelist() if name.partition("/")[0] in PACKAGES])
    shutil.copy2(root / "CHANGELOG.md", folder)
