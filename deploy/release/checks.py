"""What must be so before a release begins."""

import re
import shutil
import subprocess
from pathlib import Path

from packaging.version import Version

from deploy.release.changelog import NothingToRelease, unreleased

_VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


def faults(root: Path, version: str) -> list[str]:
    """A sentence for each thing that is in the way of releasing this checkout as this version."""
    found = []
    if not _VERSION.fullmatch(version):
        return [f"VERSION={version} is no version such as 1.2.0 or 1.2.0rc1"]
    if changed := git(root, "status", "--porcelain"):
        found.append(f"the tree is not clean: commit or remove\n{changed}")
    if not branch(root):
        found.append("no branch is checked out: check out the one to release")
    tags = [tag for tag in git(root, "tag", "--list", "v*").split() if _VERSION.fullmatch(tag[1:])]
    newest = max((Version(tag[1:]) for tag in tags), default=None)
    if newest is not None and Version(version) <= newest:
        found.append(f"VERSION={version} is not above {newest}, the newest tag")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if f"## [{version}]" in changelog:
        found.append(f"CHANGELOG.md has a section {version} already")
    try:
        unreleased(changelog)
    except NothingToRelease as error:
        found.append(str(error))
    return found


def branch(root: Path) -> str:
    """The branch that is checked out; empty where no branch is checked out."""
    return git(root, "branch", "--show-current")


def has_docker() -> bool:
    """Whether a Docker engine answers here."""
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def git(root: Path, *arguments: str) -> str:
    """What a git command of this checkout says."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()
