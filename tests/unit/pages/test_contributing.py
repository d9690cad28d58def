"""The change of CONTRIBUTING.md applies and passes its tests; the hook runs what `make lint` runs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.unit.pages.reading import ROOT, block

INDICATORS = "tests/unit/domain/indicators"


def test_the_change_applies_and_its_tests_pass(tmp_path: Path) -> None:
    for folder in ("app", "schemas", "tables", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "smoothing.diff").write_text(block("CONTRIBUTING.md", "smoothing.diff"))
    subprocess.run(["git", "apply", "smoothing.diff"], cwd=tmp_path, check=True)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider"),
            *("--rootdir", tmp_path, tmp_path / INDICATORS / "test_ema.py", "-k", "smoothing or mean"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_hook_runs_make_lint_and_fetches_nothing() -> None:
    config = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    found = re.findall(r"^ +(?:- )?(repo|entry|language|additional_dependencies): (.+)$", config, re.MULTILINE)
    assert found == [("repo", "local"), ("entry", "make lint"), ("language", "system")]
