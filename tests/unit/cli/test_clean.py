import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.clean import clean

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    made = tmp_path / "checkout"
    made.mkdir()
    return made


def folder(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "file").write_text("of a table")
    return path


def test_inside_the_checkout_it_goes_without_a_question(checkout: Path) -> None:
    inside = folder(checkout / "tables" / "mine")
    said: list[str] = []
    clean([("DATA_DIR", inside)], checkout, yes=False, ask=None, tell=said.append)
    assert not inside.exists()
    assert said == [f"Removed DATA_DIR={inside}."]


@pytest.mark.parametrize("answer", [True, False])
def test_outside_it_asks(checkout: Path, tmp_path: Path, answer: bool) -> None:
    outside = folder(tmp_path / "elsewhere")
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question)
        return answer

    clean([("STACK_DIR", outside)], checkout, yes=False, ask=ask, tell=lambda _: None)
    assert asked == [f"Remove STACK_DIR={outside}, which is outside this folder?"]
    assert outside.exists() is not answer


def test_outside_it_is_kept_where_nobody_can_answer_and_the_way_is_named(checkout: Path, tmp_path: Path) -> None:
    outside = folder(tmp_path / "elsewhere")
    said: list[str] = []
    clean([("DATA_DIR", outside)], checkout, yes=False, ask=None, tell=said.append)
    assert outside.exists()
    assert said == [f"Kept DATA_DIR={outside}, which is outside this folder: `make clean YES=1` removes it too."]
    clean([("DATA_DIR", outside)], checkout, yes=True, ask=None, tell=said.append)
    assert not outside.exists()


def test_what_must_not_go_is_kept_whatever_is_answered(checkout: Path, tmp_path: Path) -> None:
    said: list[str] = []
    tracked = folder(checkout / "app")
    subprocess.run(["git", "init", "-q", str(checkout)], check=True)
    subprocess.run(["git", "-C", str(checkout), "add", "app"], check=True)
    for precious in (checkout, tmp_path, Path.home(), tracked, tracked / "file"):
        clean([("DATA_DIR", precious)], checkout, yes=True, ask=lambda _: True, tell=said.append)
        assert precious.exists()
    assert [line.partition(": ")[2] for line in said] == [
        "this folder is in it.",
        "this folder is in it.",
        "a home folder is in it.",
        "git keeps files in it.",
        "it is no folder.",
    ]


@pytest.mark.parametrize("dotenv", ["", "DATA_DIR=../named-in-env\n"])
def test_the_target_removes_what_the_settings_name(checkout: Path, tmp_path: Path, dotenv: str) -> None:
    """Of a copy of the Makefile: with this one's environment, which must not go."""
    made = (ROOT / "Makefile").read_text().replace("rm -rf .venv .uv", "rm -rf")
    (checkout / "Makefile").write_text(made.replace(".venv/bin/", f"{Path(sys.executable).parent}/"))
    (checkout / ".env").write_text(dotenv)
    inside, outside, in_env = (
        folder(path) for path in (checkout / "my-stack", tmp_path / "my-data", tmp_path / "named-in-env")
    )
    env = {name: value for name, value in os.environ.items() if name not in ("DATA_DIR", "YES")}
    env["STACK_DIR"] = "my-stack"
    if not dotenv:
        env["DATA_DIR"] = str(outside)
    make = ["make", "clean"]
    kept = subprocess.run(
        make, cwd=checkout, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert kept.returncode == 0, kept.stderr
    assert not inside.exists()
    assert outside.exists()
    assert in_env.exists()
    assert "`make clean YES=1` removes it too" in kept.stderr
    subprocess.run([*make, "YES=1"], cwd=checkout, env=env, stdin=subprocess.DEVNULL, check=True, capture_output=True)
    assert (outside.exists(), in_env.exists()) == (bool(dotenv), not dotenv)


def test_settings_that_are_wrong_are_said_and_nothing_goes(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATADIR=elsewhere\n")
    done = subprocess.run(
        [sys.executable, "-m", "app.cli.clean"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "STACK_DIR": str(folder(tmp_path / "stack"))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Error: The settings need mending:",
        "  - DATADIR in .env is not a setting: did you mean DATA_DIR or STACK_DIR?",
        "Until then nobody knows which folders are meant: nothing was removed.",
    ]
    assert (tmp_path / "stack").exists()
