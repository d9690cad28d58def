from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from app.domain.check_rule import check_rule
from app.domain.indicators import Ema, Indicator, Previous
from app.domain.indicators.indicator import Columns, Inputs
from app.domain.rule import Clause, Rule, RuleColumns, RuleError
from app.domain.strategy import Strategy
from app.strategies.rule_file import load_rule, rule_names


def by_chance(bars: RuleColumns) -> object:
    return np.random.default_rng().random(len(bars.close)) < 0.5


def strategy(decide: Callable[[RuleColumns], Sequence[Clause]], **indicators: Indicator) -> Strategy:
    return Strategy(own_rule=Rule("mine@0", decide, indicators, ("up", "down")))


def up(where: Callable[[RuleColumns], object]) -> Strategy:
    return strategy(lambda bars: [Clause("up", "BUY", where(bars))], ema=Ema(5), before=Previous(Ema(5)))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name in rule_names() if load_rule(name)])
def test_ours_pass(name: str) -> None:
    check_rule(Strategy(own_rule=load_rule(name)))


def test_what_looks_at_its_own_bar_passes() -> None:
    check_rule(up(lambda bars: (bars.ema > bars.before) & (bars.minute % 2 == 0) & (bars.volume > 500) & ~bars.flat))


@pytest.mark.parametrize(
    "where",
    [
        lambda bars: np.roll(bars.close, -1) > bars.close,
        lambda bars: np.roll(bars.close, 1) < bars.close,
        lambda bars: bars.close > bars.close.mean(),
        lambda bars: np.arange(len(bars.close)) % 2 == 0,
        lambda bars: np.append(np.diff(bars.rsi) > 0, False),
    ],
)
def test_what_looks_at_other_bars_is_refused(where: Callable[[RuleColumns], object]) -> None:
    with pytest.raises(RuleError, match="rule mine@0 says something else of a bar when other bars come with it"):
        check_rule(up(where))


@pytest.mark.parametrize(
    ("where", "says"),
    [
        (
            lambda bars: bars.ema_slow > 1,
            "raised AttributeError: there is no column ema_slow: it can see before, ",
        ),
        (lambda bars: 1 / 0, "raised ZeroDivisionError: division by zero"),
        (lambda bars: True, "`where` is [0-9]+ booleans, that of up is bool"),
        (lambda bars: bars.close, "`where` is [0-9]+ booleans, that of up is float64"),
        (lambda bars: (bars.close > 1)[:-1], "for [0-9]+ bars `where` is [0-9]+ booleans, that of up is bool"),
        (lambda bars: bars.close.sort(), "raised ValueError: .*read-only"),
    ],
)
def test_what_raises_or_has_another_shape_is_refused(where: Callable[[RuleColumns], object], says: str) -> None:
    with pytest.raises(RuleError, match=says):
        check_rule(up(where))


@pytest.mark.parametrize(
    ("clauses", "says"),
    [
        (None, "raised TypeError: 'NoneType' object is not iterable"),
        ([("up", "BUY")], "must return clauses"),
        ([Clause("up", "SHORT", np.ones(1, bool))], "an action is one of HOLD, BUY, SELL, not 'SHORT'"),  # type: ignore[arg-type]
        ([Clause("sideways", "BUY", np.ones(1, bool))], "a reason is one of its REASONS, not 'sideways'"),
    ],
)
def test_what_are_no_clauses_is_refused(clauses: object, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        check_rule(strategy(lambda bars: clauses))  # type: ignore[arg-type, return-value]


@dataclass(frozen=True)
class Odd(Indicator):
    """What it says is made by a function of the inputs."""

    say: Callable[[Inputs], object]

    @property
    def warm_up(self) -> int:
        return 1

    def read(self, states: Columns, inputs: Inputs) -> Columns:
        return self.say(inputs)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("say", "says"),
    [
        (lambda inputs: (np.full(len(inputs.bars), inputs.rows["close"][-1]),), "indicator odd .* says something else"),
        (lambda inputs: (inputs.rows["close"].cumsum(),), "indicator odd .* says something else"),
        (
            lambda inputs: inputs.rows["close"][:0],
            r"read\(\) must return a tuple of 1 columns of [0-9]+ floats, it returned \[\]",
        ),
        (lambda inputs: (inputs.windows[:, -1] / inputs.rows["missing"],), "indicator odd raised ValueError: no field"),
        (lambda inputs: (inputs.windows.sort(),), "indicator odd raised ValueError: .*read-only"),
        (lambda inputs: (inputs.rows["close"].sort(),), "indicator odd raised ValueError: .*read-only"),
        (lambda inputs: (np.full(len(inputs.bars), "x"),), r"read\(\) must return a tuple of 1 columns"),
        (lambda inputs: (inputs.rows["close"] + 1e-12 * len(inputs.bars),), "differs in its last digits"),
        (lambda inputs: (1.0,), r"read\(\) must return a tuple of 1 columns of [0-9]+ floats, it returned \[1.0\]"),
        (lambda inputs: None, r"read\(\) must return a tuple of 1 columns of [0-9]+ floats, it returned None"),
    ],
)
def test_an_indicator_is_held_to_the_same(say: Callable[[Inputs], object], says: str) -> None:
    with pytest.raises(RuleError, match=says):
        check_rule(strategy(lambda bars: [], odd=Odd(say)))


def test_chance_is_refused() -> None:
    with pytest.raises(RuleError, match="says something else of"):
        check_rule(up(by_chance))


def test_a_value_that_is_not_finite_is_none() -> None:
    odd = Odd(lambda inputs: (1.0 / np.where(inputs.rows["volume"] > 5000, 0.0, 1.0),))
    check_rule(strategy(lambda bars: [Clause("up", "BUY", np.isinf(bars.odd))], odd=odd))
