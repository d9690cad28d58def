"""Without a browser its tests are left out, which is said, and fail where CI is set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.find import MISSING, find_browser, is_required

ROOT = Path(__file__).parents[3]


def collected(tmp_path: Path, *paths: str, **env: str) -> str:
    """What pytest says of these tests on a machine whose PATH has nothing."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:xdist", *paths]
    plain = {name: value for name, value in os.environ.items() if name != "CI"}
    done = subprocess.run(
        command, cwd=ROOT, env={**plain, "PATH": str(tmp_path), **env}, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_without_a_browser_a_line_says_what_was_left_out(tmp_path: Path) -> None:
    said = collected(tmp_path, "tests/browser", "tests/unit/test_times.py")
    assert f"NOT TESTED: {MISSING}" in said
    assert "test_times.py::" in said
    assert "test_views.py::" not in said


def test_where_ci_is_set_they_are_not_left_out(tmp_path: Path) -> None:
    said = collected(tmp_path, "tests/browser/test_views.py", CI="true")
    assert "NOT TESTED" not in said
    assert "test_views.py::" in said


def test_who_runs_other_tests_is_not_told(tmp_path: Path) -> None:
    assert "NOT TESTED" not in collected(tmp_path, "tests/unit/test_times.py")


def test_a_browser_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "google-chrome"
    browser.write_text("#!/bin/sh\n", encoding="utf-8")
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    find_browser.cache_clear()
    try:
        assert find_browser() == str(browser)
    finally:
        find_browser.cache_clear()


@pytest.mark.parametrize(("value", "required"), [("true", True), ("1", True), ("", False), ("false", False)])
def test_ci_says_so_by_its_variable(monkeypatch: pytest.MonkeyPatch, value: str, required: bool) -> None:
    monkeypatch.setenv("CI", value)
    assert is_required() is required
