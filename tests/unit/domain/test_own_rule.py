"""A rule of one's own: its indicators live in the rows, so it is as exact as the usual one."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from app.domain.check_rule import check_rule
from app.domain.indicators import Ema, Previous
from app.domain.outcome import Outcome
from app.domain.records import Bar, Signal
from app.domain.rule import Clause, Rule, RuleColumns
from app.domain.strategy import Strategy
from app.strategies.rule_file import load_rule
from tests.bars import make_bar, series
from tests.unit.domain.pipeline import Pipeline
from tests.unit.domain.walks import WALKS

VOLUME = Rule(
    "volume@0",
    lambda bars: [
        Clause("busy", "BUY", (bars.volume > 500) & (bars.high > bars.close)),
        Clause("still", "SELL", bars.flat | (bars.volume > 500)),
    ],
    {"before": Previous(Previous(Ema(3)))},
    ("busy", "still"),
)

DOCS = Path(__file__).parents[3] / "docs" / "strategy.md"


def strategy_of(source: str, **changes: Any) -> Strategy:
    return Strategy(own_rule=load_rule(source), **changes)


def breakout(folder: Path) -> Strategy:
    """The example of the docs."""
    (folder / "breakout.py").write_text(from_docs("breakout.py"))
    return strategy_of(str(folder / "breakout.py"))


def test_the_example_of_the_docs_finds_what_it_says(tmp_path: Path) -> None:
    strategy = breakout(tmp_path)
    check_rule(strategy)
    assert re.fullmatch(r"sma20-sma50-rsi14-breakout-bars20-below70@[0-9a-f]{8}", strategy.name)
    pipeline, closes = Pipeline(strategy), np.array(WALKS["dollars"])
    signals = pipeline.feed(series(closes.tolist()))
    found = set()
    for at, signal in enumerate(signals[50:], 50):
        highest = closes[at - 20 : at].max()
        assert signal["own_indicators"] == {"highest": highest}
        assert signal["sma_fast"] is not None
        assert signal["rsi"] is not None
        expected: tuple[str, str, str | None]
        if closes[at] > highest and signal["rsi"] < 70:
            expected = ("BUY", "own_rule", "breakout")
        elif closes[at] < signal["sma_fast"]:
            expected = ("SELL", "own_rule", "back_below_average")
        else:
            expected = ("HOLD", "no_rule", None)
        assert (signal["action"], signal["reason"], signal["own_reason"]) == expected
        found.add(expected)
    assert len(found) == 3


def test_it_holds_while_any_indicator_warms_up() -> None:
    signals = Pipeline(strategy_of("ema_cross", fast=2, slow=3, rsi_period=2)).feed(series(WALKS["dollars"][:30]))
    # The slow average needs 26 closes, the one before it 27.
    assert [signal["ready"] for signal in signals] == [False] * 26 + [True] * 4
    assert {signal["reason"] for signal in signals[:26]} == {"warming_up"}
    assert signals[25]["own_indicators"]["ema_slow"] is not None
    assert signals[25]["own_indicators"]["ema_slow_before"] is None
    assert signals[20]["explanation"] == "warming up: 21 of 27 bars seen"


def test_the_explanation_names_clause_and_numbers() -> None:
    strategy = strategy_of("bollinger_bands")
    signals = Pipeline(strategy).feed(series([100.0 + at * 0.01 for at in range(59)] + [99.8]))
    assert signals[-1]["own_reason"] == "below_the_band_in_uptrend"
    assert re.fullmatch(
        r"below the band in uptrend: close 99\.8, sma_fast 100\.\d+, sma_slow 100\.\d+, rsi \d+\.\d+, "
        r"band_middle 100\.4\d+, band_upper 10\d\.\d+, band_lower 100\.\d+",
        signals[-1]["explanation"],
    )
    assert signals[-2]["explanation"].startswith("no clause of the rule: close 100.58, ")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("source", ["ema_cross", "bollinger_bands", "docs", "volume"])
def test_late_and_corrected_bars_end_as_a_computation_from_scratch(source: str, seed: int, tmp_path: Path) -> None:
    """However they are cut into batches, aborted and restored."""
    if source == "volume":
        strategy = Strategy(own_rule=VOLUME)
    else:
        strategy = breakout(tmp_path) if source == "docs" else strategy_of(source)
    random = Random(seed)
    pipeline, accepted = Pipeline(strategy, keep_bars=strategy.window + seed), dict[int, Bar]()
    batch: list[Bar] = []
    arrived: list[Bar] = []
    price, minute = 100.0, 0
    for _ in range(400):
        back = random.choice([0] * 10 + [1, 2, 5, 9])
        minute += 0 if back else random.choice([1, 1, 1, 2])
        price = round(price * (1 + random.gauss(0, 0.003)), 2)
        volume, high = random.choice([100.0, 900.0]), round(price * random.choice([1.0, 1.01]), 2)
        batch.append(make_bar(max(0, minute - back), price, volume=volume, high=high))
        if random.random() < 0.3:
            if random.random() < 0.3:
                pipeline.abort(batch)
            pipeline.fold(batch)
            arrived += batch
            batch = []
            if random.random() < 0.3:
                pipeline.restart()
    for bar, outcome in zip(arrived, pipeline.outcomes, strict=True):
        if outcome is not Outcome.STALE:
            accepted[bar["timestamp"]] = bar
    scratch = Pipeline(strategy, keep_bars=1000)
    scratch.fold([accepted[timestamp] for timestamp in sorted(accepted)])
    assert [said(signal) for signal in pipeline.last_signals()] == [said(signal) for signal in scratch.signals]
    assert [said(signal) for signal in pipeline.view()] == [
        said(signal) for signal in scratch.signals[-len(pipeline.view()) :]
    ]
    assert len({signal["action"] for signal in scratch.signals}) >= 2


def test_a_correction_of_the_volume_alone_is_told() -> None:
    """The rule may look at it: what the topic, the row and the next signal say must be one thing."""
    pipeline = Pipeline(Strategy(own_rule=VOLUME))
    pipeline.feed([make_bar(minute, close, high=close + 1) for minute, close in enumerate(WALKS["dollars"][:60])])
    corrected = make_bar(59, WALKS["dollars"][59], high=WALKS["dollars"][59] + 1, volume=900.0)
    [signal] = pipeline.feed([corrected])
    assert (signal["action"], signal["own_reason"], signal["revision"]) == ("BUY", "busy", 1)
    assert pipeline.view()[-1] == signal
    [following] = pipeline.feed([make_bar(60, 190.0)])
    assert following["previous_action"] == "BUY"


@pytest.mark.parametrize("cut", [False, True])
def test_what_was_flat_and_still_is_is_not_told_again(cut: bool) -> None:
    pipeline = Pipeline(strategy_of("ema_cross"))
    bars = [make_bar(minute, 50.0) for minute in range(70)]
    corrected = make_bar(64, 50.0, volume=900.0)
    if cut:
        pipeline.feed(bars)
        pipeline.restart()
        pipeline.feed([corrected])
    else:
        pipeline.feed([*bars, corrected])
    last = {signal["timestamp"]: signal["revision"] for signal in pipeline.last_signals()}
    revisions = [last[bar["timestamp"]] for bar in bars]
    # Its own, and those after it name its action one after the other, as they always do.
    assert revisions == [0] * 64 + [1] * 6


def test_a_batch_of_which_nothing_follows_does_not_call_the_rule() -> None:
    def clauses(bars: RuleColumns) -> list[Clause]:
        assert len(bars.close)
        return []

    pipeline = Pipeline(Strategy(own_rule=Rule("mine@0", clauses)))
    bars = series(WALKS["dollars"][:3])
    pipeline.feed(bars)
    assert pipeline.feed(bars) == []


def test_the_steps_of_the_docs_add_an_indicator(tmp_path: Path) -> None:
    """In a copy of the package, as a user would, with the docs' own test."""
    root = DOCS.parents[1]
    for folder in ("app", "schemas", "tables", "tests"):
        shutil.copytree(root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "test_*"))
    package, tests = tmp_path / "app/domain/indicators", tmp_path / "tests/unit/domain/indicators"
    (package / "momentum.py").write_text(from_docs("momentum.py"))
    (tests / "test_momentum.py").write_text(from_docs("test_momentum.py"))
    [entry] = re.findall(r"`(from app.domain.indicators.momentum import Momentum)`", DOCS.read_text())
    with (package / "__init__.py").open("a") as lines:
        lines.write(f"{entry}\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider", "--rootdir", tmp_path, tests],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def from_docs(name: str) -> str:
    [code] = re.findall(rf"<!-- {name} -->\n```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    return str(code)


def said(signal: Signal) -> dict[str, Any]:
    """All but what says how often it was computed."""
    return {name: value for name, value in signal.items() if name not in ("id", "revision", "emitted_at")}
