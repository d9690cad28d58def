"""docs/first-hour.md: its file is made and read as shown, and its signals, revisions and rule say what it says."""

import re
import subprocess
import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from app.cli.check_text import lines
from app.cli.open_source import choose
from app.cli.replay import command
from app.domain.check_rule import check_rule
from app.domain.records import Bar, Signal
from app.domain.strategy import Strategy
from app.sources.factory import SourceOptions
from app.sources.files.bar_files import BarFiles
from app.sources.files.check import check_files
from app.strategies.rule_file import load_rule
from app.times import iso
from tests.unit.domain.pipeline import Pipeline
from tests.unit.pages.reading import block, read

PAGE = "docs/first-hour.md"
TEXT = read(PAGE)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of the page, in the folder in which its commands run."""
    monkeypatch.chdir(tmp_path)
    for name in ("make_bars.py", "correction.csv", "rule.py"):
        (tmp_path / name).write_text(block(PAGE, name))
    subprocess.run([sys.executable, "make_bars.py"], cwd=tmp_path, check=True)
    return tmp_path


def opened(name: str) -> BarFiles:
    options = command.make_context("replay", [name, "--run-id", "hour"]).params
    known = {field.name for field in fields(SourceOptions)}
    return choose({key: value for key, value in options.items() if key in known}).open_files(
        lambda fault: pytest.fail(str(fault)), lambda _: None
    )


def bars(name: str) -> list[Bar]:
    return [bar for bar in opened(name).bars() if bar is not None]


def summary(signals: list[Signal]) -> str:
    """As `stocks replay` says it."""
    actions = Counter(signal["action"] for signal in signals)
    turns = sum(signal["transition"] for signal in signals)
    return f"Signals: {actions['BUY']} BUY, {actions['SELL']} SELL, {actions['HOLD']} HOLD; {turns} transitions"


def test_the_check_is_as_shown() -> None:
    report = "\n".join(lines(check_files(opened("bars.csv"), Strategy())))
    assert f"{report}\n```" in TEXT


def test_the_signals_and_the_correction_are_as_shown() -> None:
    pipeline = Pipeline(Strategy())
    assert summary(pipeline.feed(bars("bars.csv"))) in TEXT
    again: list[Any] = pipeline.feed(bars("correction.csv"))
    assert summary(again) in TEXT
    assert {signal["revision"] for signal in again} == {1}
    shown = re.findall(r"^(2024-11-14T16:2\d:00Z) 1 (\w+) (.+)$", TEXT, re.MULTILINE)
    assert shown == [(iso(each["timestamp"]), each["action"], each["explanation"]) for each in again]


def test_the_rule_is_as_shown() -> None:
    strategy = Strategy(own_rule=load_rule("rule.py"))
    check_rule(strategy)
    assert f"`{strategy.name}`" in TEXT
    assert summary(Pipeline(strategy).feed(bars("bars.csv"))) in TEXT
