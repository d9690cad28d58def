"""Prometheus' own tool to check rules, configurations and queries."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import yaml

from tests.watching.queries import Query

#: What a person reads who has none.
MISSING = (
    "promtool was not found, so the rules of deploy/prometheus were not tested: install Prometheus "
    "(Debian: apt-get install prometheus)"
)


@lru_cache(maxsize=1)
def find_promtool() -> str | None:
    """Its path; None where there is none."""
    return shutil.which("promtool")


def promtool(*arguments: str, text: str | None = None) -> tuple[int, str]:
    """Its status and all that it says; `text` is its standard input."""
    command = [find_promtool() or "promtool", *arguments]
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "TZ": "UTC"}
    )
    return done.returncode, done.stdout + done.stderr


def parsed(queries: Iterable[Query], folder: Path) -> tuple[int, str]:
    """Whether every query is PromQL: Prometheus parses them as rules."""
    records = [{"record": f"query_{number}", "expr": query.expr} for number, query in enumerate(queries)]
    path = folder / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": records}]}), encoding="utf-8")
    return promtool("check", "rules", str(path))
