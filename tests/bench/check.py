"""A fast run that is wrong is no result."""

import random
from collections.abc import Sequence

from app.domain.records import Bar, Signal
from app.domain.strategy import Strategy
from tests.integration.deployment import final
from tests.oracle import differences, final_signals

#: Symbols whose every signal is compared with the oracle.
SAMPLE = 100


class WrongSignals(Exception):
    """The run did not give the signals that the bars call for."""


def check(bars: Sequence[Bar], signals: Sequence[Signal], dead_letters: int, strategy: Strategy) -> None:
    """Raise WrongSignals unless each bar has one final signal and those of a sample of symbols are right."""
    if dead_letters:
        raise WrongSignals(f"{dead_letters} bars are in the dead letters")
    found = final(signals)
    if len(found) != len(bars):
        raise WrongSignals(f"{len(found)} bars have a signal, {len(bars)} were sent")
    symbols = sorted({bar["symbol"] for bar in bars})
    sample = set(random.Random(0).sample(symbols, min(SAMPLE, len(symbols))))
    expected = final_signals([bar for bar in bars if bar["symbol"] in sample], strategy)
    problems = differences(expected, [signal for signal in found if signal["symbol"] in sample])
    if problems:
        raise WrongSignals(f"{len(problems)} signals are wrong, the first: {problems[0]}")
