"""A rule of one's own in a worker: its signals on the topic and in the API, and what ends the worker."""

from pathlib import Path
from typing import Any

from tests.bars import make_bar
from tests.integration.conftest import Deploy
from tests.integration.deployment import final
from tests.integration.random_bars import random_bars
from tests.unit.domain.pipeline import Pipeline, last_of

RULE = """
from app.domain.indicators import Ema, Previous
from app.domain.rule import Clause

INDICATORS = {"ema": Ema(5), "before": Previous(Ema(5))}
REASONS = ("rising", "falling")


def decide(bars):
    if (bars.close > 100_000).any():
        raise RuntimeError("too dear")
    return [Clause("rising", "BUY", bars.ema > bars.before), Clause("falling", "SELL", bars.ema < bars.before)]
"""


def test_its_signals_are_on_the_topic_and_in_the_api_and_outlive_the_worker(deploy: Deploy, tmp_path: Path) -> None:
    (tmp_path / "slope.py").write_text(RULE)
    deployment = deploy(strategy=tmp_path / "slope.py", partitions=2)
    bars = list(random_bars(symbols=4, minutes=90, seed=5))
    deployment.send(bars[:200])
    worker = deployment.start_worker()
    deployment.settle()
    worker.kill()
    deployment.send(bars[200:])
    worker = deployment.start_worker().wait_ready()
    deployment.settle()

    pipeline = Pipeline(deployment.settings.strategy, keep_bars=800)
    pipeline.feed(bars)
    signals = final(deployment.signals())
    assert [said(each) for each in last_of(signals)] == [said(each) for each in pipeline.last_signals()]
    assert {each["own_reason"] for each in signals} == {None, "rising", "falling"}
    shown = worker.get("/signals/S0001?limit=1").json()["signals"][0]
    newest = [each for each in signals if each["symbol"] == "S0001"][-1]
    assert shown["strategy"] == newest["strategy"] == deployment.settings.strategy.name
    assert (shown["own_reason"], shown["own_indicators"]) == (newest["own_reason"], newest["own_indicators"])
    assert shown["explanation"].startswith(f"{newest['own_reason']}: close ")
    assert worker.get("/windows/S0001").json()["indicators"]["own_indicators"] == newest["own_indicators"]

    # On real bars it raises: the worker says so and ends, and nothing of the batch is there.
    deployment.send([make_bar(500, 200_000.0, symbol="S0000", run_id="test")])
    assert worker.wait_ended() != 0
    assert "RuleError: the rule slope@" in worker.tail(20_000)
    assert "raised RuntimeError: too dear (line 11)" in worker.tail(20_000)
    assert len(final(deployment.signals())) == len(signals)


def test_a_rule_that_looks_ahead_ends_the_worker_before_it_begins(deploy: Deploy, tmp_path: Path) -> None:
    (tmp_path / "ahead.py").write_text(RULE.replace("bars.ema > bars.before", "bars.close < bars.close[::-1]"))
    deployment = deploy(strategy=tmp_path / "ahead.py", partitions=1)
    deployment.send(list(random_bars(symbols=1, minutes=60, seed=5)))
    worker = deployment.start_worker()
    assert worker.wait_ended() == 1
    assert f"STRATEGY={tmp_path}/ahead.py: the rule ahead@" in worker.tail()
    assert "it looks ahead, or at other series" in worker.tail()
    assert deployment.count(deployment.topics.signals) == 0


def said(signal: Any) -> dict[str, Any]:
    return {name: value for name, value in signal.items() if name != "emitted_at"}
