"""A fast run that is wrong is no result."""

import random
from collections.abc import Sequence

from app.domain.records import Bar, Signal
from app.domain.strategy import Strategy
from tests.oracle import differences, final_signals

#: Symbols whose every signal is compared with the oracle.
SAMPLE = 100


class WrongSignals(Exception):
    """The run did not give the signals that the bars call for."""


def check(bars: Sequence[Bar], signals: Sequence[Signal], dead_letters: int, strategy: Strategy) -> None:
    """Raise WrongSignals unless each bar has a signal and those of a sample of symbols are right."""
    _check(bars, bars, signals, dead_letters, strategy)


def check_newest(bars: Sequence[Bar], signals: Sequence[Signal], dead_letters: int, strategy: Strategy) -> None:
    """The same, of the last minute's bars only, which `signals` are of."""
    newest = bars[-1]["timestamp"]
    _check(bars, [bar for bar in bars if bar["timestamp"] == newest], signals, dead_letters, strategy)


def _check(
    bars: Sequence[Bar], wanted: Sequence[Bar], signals: Sequence[Signal], dead_letters: int, strategy: Strategy
) -> None:
    if dead_letters:
        raise WrongSignals(f"{dead_letters} bars are in the dead letters")
    # No bar is corrected or late, so none has a second signal, but one may lie in the topic twice.
    found = {(signal["symbol"], signal["timestamp"]): signal for signal in signals}
    if len(found) != len(wanted):
        raise WrongSignals(f"{len(found)} bars have a signal, {len(wanted)} were sent")
    symbols = sorted({bar["symbol"] for bar in wanted})
    sample = set(random.Random(0).sample(symbols, min(SAMPLE, len(symbols))))
    times = {bar["timestamp"] for bar in wanted}
    expected = final_signals([bar for bar in bars if bar["symbol"] in sample], strategy)
    problems = differences(
        [signal for signal in expected if signal["timestamp"] in times],
        [signal for signal in found.values() if signal["symbol"] in sample],
    )
    if problems:
        raise WrongSignals(f"{len(problems)} signals are wrong, the first: {problems[0]}")
