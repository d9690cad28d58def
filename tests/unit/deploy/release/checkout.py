"""A small repository to release, and commands that are written down instead of being run."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

IDENTITY = {f"GIT_{who}_{what}": "tests" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
MANIFEST = "images:\n  - name: stock-signals\n    newTag: 0.9.0\n"
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n- It is faster.\n"


def git(root: Path, *arguments: str) -> str:
    environment = {**os.environ, **IDENTITY}
    done = subprocess.run(["git", *arguments], cwd=root, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def repository(root: Path) -> Path:
    """On the branch main, with one commit."""
    (root / "app").mkdir(parents=True)
    (root / "app" / "data.txt").write_text("of the checkout")
    (root / "tests").mkdir()
    (root / "tests" / "test_it.py").write_text("")
    (root / "CHANGELOG.md").write_text(CHANGELOG)
    kubernetes = root / "deploy" / "kubernetes"
    kubernetes.mkdir(parents=True)
    (kubernetes / "kustomization.yaml").write_text(MANIFEST)
    (root / ".gitignore").write_text("dist/\n")
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "First")
    return root


class Commands:
    """Stands for `run`: git is real, uv, make and Docker only leave what they would; `failing` fails."""

    def __init__(self, version: str, failing: str = "") -> None:
        self.ran: list[str] = []
        self._version, self._failing = version, failing
        self.tested: dict[str, str] = {}

    def __call__(
        self, *command: str | Path, cwd: Path, env: Mapping[str, str] | None = None, stdin: str | None = None
    ) -> str:
        words = [Path(word).name if isinstance(word, Path) else word for word in command]
        line = " ".join(words)
        self.ran.append(line)
        if self._failing and line.startswith(self._failing):
            raise subprocess.CalledProcessError(1, words, "what it said")
        if words[0] == "git":
            return git(cwd, *words[1:])
        if line.startswith("uv build"):
            assert env is not None
            made = Path(command[-1])
            made.mkdir(parents=True, exist_ok=True)
            name = f"stock_signals-{env['SETUPTOOLS_SCM_PRETEND_VERSION']}-py3-none-any.whl"
            with ZipFile(made / name, "w") as wheel:
                wheel.writestr("app/data.txt", "of the wheel")
                wheel.writestr("stock_signals.dist-info/METADATA", "")
        if line.startswith("uv sync"):
            (cwd / ".venv").mkdir()
        if line.startswith("make test"):
            files = [path for path in sorted(cwd.rglob("*")) if path.is_file() and ".git" not in path.parts]
            self.tested = {str(path.relative_to(cwd)): path.read_text() for path in files}
        if line.startswith("uv export") and "requirements" not in line and "cyclonedx1.5" not in line:
            return "click==8\n"
        return f"stocks, version {self._version}\n"
