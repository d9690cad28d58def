"""A rule of one's own: its indicators live in the rows, so it is as exact as the usual one."""

import re
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from app.domain.check_rule import check_rule
from app.domain.explain import explain
from app.domain.outcome import Outcome
from app.domain.records import Bar, Signal
from app.domain.strategy import Strategy
from app.strategies.rule_file import load_rule
from tests.bars import make_bar, series
from tests.unit.domain.pipeline import Pipeline
from tests.unit.domain.walks import WALKS

DOCS = Path(__file__).parents[3] / "docs" / "strategy.md"


def strategy_of(source: str, **changes: Any) -> Strategy:
    return Strategy(own_rule=load_rule(source), **changes)


def breakout(folder: Path) -> Strategy:
    """The example of the docs."""
    [code] = re.findall(r"<!-- breakout.py -->\n```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    (folder / "breakout.py").write_text(code)
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
        assert signal["sma_20"] is not None
        assert signal["rsi_14"] is not None
        expected: tuple[str, str, str | None]
        if closes[at] > highest and signal["rsi_14"] < 70:
            expected = ("BUY", "own_rule", "breakout")
        elif closes[at] < signal["sma_20"]:
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
    assert explain(signals[20], strategy_of("ema_cross")) == "warming up: 21 of 50 bars seen"


def test_the_explanation_names_clause_and_numbers() -> None:
    strategy = strategy_of("bollinger_bands")
    signals = Pipeline(strategy).feed(series([100.0 + at * 0.01 for at in range(59)] + [99.8]))
    assert signals[-1]["own_reason"] == "below_the_band_in_uptrend"
    assert re.fullmatch(
        r"below the band in uptrend: close 99.8, band_middle 100\.4\d+, band_upper 10\d\.\d+, band_lower 100\.\d+",
        explain(signals[-1], strategy),
    )
    assert explain(signals[-2], strategy).startswith("no clause of the rule: close 100.58, ")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("source", ["ema_cross", "bollinger_bands", "docs"])
def test_late_and_corrected_bars_end_as_a_computation_from_scratch(source: str, seed: int, tmp_path: Path) -> None:
    """However they are cut into batches, aborted and restored."""
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
        batch.append(make_bar(max(0, minute - back), price))
        if random.random() < 0.3:
            if random.random() < 0.3:
                pipeline.abort(batch)
            pipeline.feed(batch)
            arrived += batch
            batch = []
            if random.random() < 0.3:
                pipeline.restart()
    for bar, outcome in zip(arrived, pipeline.outcomes, strict=True):
        if outcome is not Outcome.STALE:
            accepted[bar["timestamp"]] = bar
    scratch = Pipeline(strategy, keep_bars=1000)
    scratch.feed([accepted[timestamp] for timestamp in sorted(accepted)])
    assert [said(signal) for signal in pipeline.last_signals()] == [said(signal) for signal in scratch.signals]
    assert [said(signal) for signal in pipeline.view()] == [
        said(signal) for signal in scratch.signals[-len(pipeline.view()) :]
    ]
    assert len({signal["action"] for signal in scratch.signals}) >= 2


def said(signal: Signal) -> dict[str, Any]:
    """All but what says how often it was computed."""
    return {name: value for name, value in signal.items() if name not in ("id", "revision", "emitted_at")}
