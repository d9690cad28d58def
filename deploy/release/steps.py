"""The release, step by step. What can fail comes before the commit, and the tag is the last; nothing is pushed."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from deploy.release.changelog import released
from deploy.release.checks import branch, git
from deploy.release.manifest import tagged
from deploy.release.trial import lay_out

#: By this setuptools-scm, which makes versions of tags, learns one whose tag is not there yet.
_VERSION = "SETUPTOOLS_SCM_PRETEND_VERSION"
_EXPORT = ("export", "--frozen", "--quiet", "--no-dev")

#: What a release changes, and commits.
_CHANGELOG, _MANIFEST = "CHANGELOG.md", "deploy/kubernetes/kustomization.yaml"


class Failed(Exception):
    """A step failed; the message says which, and that nothing was tagged."""


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None, stdin: str | None = None) -> str:
    """What the command says on its output; its errors and warnings are seen as they come. Raises CalledProcessError."""
    options: dict[str, Any] = {"cwd": cwd, "env": {**os.environ, **(env or {})}, "input": stdin, "check": True}
    said: str = subprocess.run(command, stdout=subprocess.PIPE, text=True, **options).stdout
    return said


class Release:
    """One version of a checkout that was found fit for it."""

    def __init__(
        self, root: Path, version: str, *, uv: str, say: Callable[[str], object], run: Callable[..., str] = run
    ) -> None:
        self._root, self._version, self._uv = root, version, uv
        self._say, self._run = say, run
        self._made = root / "dist" / version

    def make(self, day: date, *, with_image: bool) -> None:
        """All of it. Where a step fails the checkout is as it was, and there is neither commit nor tag."""
        before = {name: (self._root / name).read_text(encoding="utf-8") for name in (_CHANGELOG, _MANIFEST)}
        begun = self._place()
        self._write(
            {
                _CHANGELOG: released(before[_CHANGELOG], self._version, day),
                _MANIFEST: tagged(before[_MANIFEST], self._version),
            }
        )
        try:
            self._step("style and types", lambda: self._run("make", "lint", "type", cwd=self._root))
            self._step("wheel and sdist", self._build)
            self._step("all tests, on what is in the wheel", self._test)
            self._step("list of packages, licences", self._list)
            if with_image:
                self._step("image", self._image)
            if self._place() != begun:
                raise Failed("another commit or branch was checked out meanwhile; nothing is tagged")
            self._step("commit", self._commit)
        except BaseException:
            self._write(before)
            raise
        tag = ("git", "tag", "--annotate", f"v{self._version}", "--message", f"Version {self._version}")
        try:
            self._run(*tag, cwd=self._root)
        except subprocess.CalledProcessError as error:
            raise Failed(f"The commit is made, the tag is not ({error.output}). By hand: {shlex.join(tag)}") from error
        self._say(f"Tagged v{self._version}. Nothing was pushed.\n{self.what_to_push(with_image=with_image)}")

    def what_to_push(self, *, with_image: bool) -> str:
        """The commands that publish it, for a person."""
        lines = [
            f"git push --atomic origin {branch(self._root)} v{self._version}",
            f"uv publish {self._made.relative_to(self._root)}/*.whl {self._made.relative_to(self._root)}/*.tar.gz",
        ]
        if with_image:
            image = f"stock-signals:{self._version}"
            lines.append(f"docker tag {image} YOUR-REGISTRY/{image} && docker push YOUR-REGISTRY/{image}")
        return "To publish it:\n" + "\n".join(f"  {line}" for line in lines)

    def _write(self, texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            (self._root / name).write_text(text, encoding="utf-8")

    def _step(self, what: str, act: Callable[[], object]) -> None:
        self._say(f"== {what}")
        try:
            act()
        except subprocess.CalledProcessError as error:
            said = f":\n{error.output}" if error.output else ""
            raise Failed(f"{what}: {error.cmd} ended with {error.returncode}; nothing is tagged{said}") from error

    def _build(self) -> None:
        for old in self._made.glob("*"):
            old.unlink()
        command = (self._uv, "build", "--quiet", "--out-dir", self._made)
        self._run(*command, cwd=self._root, env={_VERSION: self._version})

    def _test(self) -> None:
        """As `make test` does, in a copy with an environment that has the wheel instead of the checkout."""
        with tempfile.TemporaryDirectory(prefix="stock-signals-") as name:
            folder = Path(name)
            lay_out(self._root, self._wheel, folder)
            env = {"UV_PROJECT_ENVIRONMENT": str(folder / ".venv"), "VIRTUAL_ENV": ""}
            sync = (self._uv, "sync", "--locked", "--quiet", "--extra", "stack", "--no-install-project")
            self._run(*sync, cwd=folder, env=env)
            python = folder / ".venv" / "bin" / "python"
            install = (self._uv, "pip", "install", "--quiet", "--no-deps", "--python", python, self._wheel)
            self._run(*install, cwd=folder, env=env)
            said = self._run(folder / ".venv" / "bin" / "stocks", "--version", cwd=folder)
            if said.split()[-1:] != [self._version]:
                raise Failed(f"`stocks --version` says {said.strip()!r} and not {self._version}; nothing is tagged")
            # Younger than uv.lock, so that make leaves the environment as it is.
            (folder / ".venv" / ".done").touch()
            # Tests look for uv there.
            env["PATH"] = os.pathsep.join([str(Path(self._uv).parent), os.environ["PATH"]])
            self._say(self._run("make", "test", f"UV={self._uv}", "ARGS=-q", cwd=folder, env=env))

    def _list(self) -> None:
        """The wheel's bill of materials, its licences, and its dependencies in the versions that were tested."""
        preview = ("--format", "cyclonedx1.5", "--preview-features", "sbom-export")
        exported = self._run(self._uv, *_EXPORT, *preview, cwd=self._root)
        inventory = (self._root / ".venv/bin/python", "-m", "deploy.release.inventory", self._made, self._version)
        self._run(*inventory, cwd=self._root, stdin=exported)
        tested = self._run(self._uv, *_EXPORT, "--no-emit-project", "--no-header", cwd=self._root)
        (self._made / "requirements.txt").write_text(tested, encoding="utf-8")

    def _image(self) -> None:
        image = f"stock-signals:{self._version}"
        self._run("docker", "build", "--build-arg", f"VERSION={self._version}", "--tag", image, ".", cwd=self._root)
        said = self._run("docker", "run", "--rm", "--network", "none", image, "stocks", "--version", cwd=self._root)
        if said.split()[-1:] != [self._version]:
            raise Failed(f"the image's `stocks --version` says {said.strip()!r}; nothing is tagged")

    def _commit(self) -> None:
        # What was added to git while the tests ran was not tested.
        only = ("--only", "--", _CHANGELOG, _MANIFEST)
        self._run("git", "commit", "--quiet", "--message", f"Version {self._version}", *only, cwd=self._root)

    def _place(self) -> tuple[str, str]:
        """The newest commit, and its branch."""
        return git(self._root, "rev-parse", "HEAD"), branch(self._root)

    @property
    def _wheel(self) -> Path:
        [wheel] = self._made.glob("*.whl")
        return wheel
