"""A fast run that is wrong is no result: every signal is compared with what it must be."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from app.domain.strategy import Strategy
from tests.bench.expected import ACTIONS, REASONS, expected
from tests.bench.recorded_bars import RecordedBars

TOLERANCE = 1e-9

Bools = npt.NDArray[np.bool_]


class WrongSignals(Exception):
    """The run did not give the signals that the bars call for."""


@dataclass(frozen=True, slots=True)
class BenchVerdict:
    """Of the bars looked at: how many have no signal, how many signals are repeats, how many bars have a wrong one."""

    lost: int
    doubled: int
    wrong: int
    example: str = ""

    @property
    def spotless(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)

    def __str__(self) -> str:
        said = f"{self.lost} lost, {self.doubled} doubled, {self.wrong} wrong"
        return f"{said}, such as {self.example}" if self.example else said


def check(
    tape: RecordedBars,
    signals: pa.RecordBatch,
    dead_letters: int,
    strategy: Strategy,
    *,
    start: int = 0,
    end: int | None = None,
    calendar: bool = True,
) -> None:
    """Raise WrongSignals unless the bars from `start` to `end` have a right signal each, and one each."""
    if dead_letters:
        raise WrongSignals(f"{dead_letters} bars are in the dead letters")
    verdict = judge(tape, signals, strategy, start=start, end=end, calendar=calendar)
    if not verdict.spotless:
        raise WrongSignals(f"signals are not what the bars call for: {verdict}")


def judge(
    tape: RecordedBars,
    signals: pa.RecordBatch,
    strategy: Strategy,
    *,
    start: int = 0,
    end: int | None = None,
    calendar: bool = True,
) -> BenchVerdict:
    """Compare signals, with the fields of schemas/signal.avsc, with what the bars from `start` to `end` call for.

    calendar: whether `gap_minutes` must be right, which takes the exchange's calendar. A tape has a bar each minute.
    """
    end = len(tape) if end is None else end
    at = places(tape, signals)
    known = (at >= start) & (at < end)
    found = at[known]
    counts = np.bincount(found - start, minlength=end - start)
    right = _right(tape, signals.filter(pa.array(known)), found, strategy, calendar)
    wrong = np.unique(found[~right])
    strangers = int(np.count_nonzero(~known))
    return BenchVerdict(
        lost=int(np.count_nonzero(counts == 0)),
        doubled=int(np.maximum(counts - 1, 0).sum()),
        wrong=len(wrong) + strangers,
        example=_example(signals, known, right),
    )


def places(tape: RecordedBars, signals: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Which bar of the tape each signal is of; -1: none."""
    symbols = pc.index_in(signals["symbol"], pa.array(tape.symbols)).fill_null(-1).to_numpy(zero_copy_only=False)
    times = signals["timestamp"].cast(pa.int64()).to_numpy()
    minutes = np.minimum(np.searchsorted(tape.timestamps, times), len(tape.timestamps) - 1)
    there = (symbols >= 0) & (tape.timestamps[minutes] == times)
    return np.where(there, minutes * len(tape.symbols) + symbols, -1)


def _right(
    tape: RecordedBars, signals: pa.RecordBatch, at: npt.NDArray[np.int64], strategy: Strategy, calendar: bool
) -> Bools:
    """Which signals, of these bars, say in each field what they must."""
    wanted = _expected(tape, strategy)
    actions, previous = wanted.actions[at], wanted.previous_actions[at]
    seen = wanted.bars_seen[at]
    texts = tape.copied | {"strategy": strategy.name}
    ids = pc.binary_join_element_wise(
        *(signals[name] for name in ("run_id", "symbol")),
        signals["timestamp"].cast(pa.int64()).cast(pa.string()),
        signals["strategy"],
        pa.scalar("0"),
        pa.scalar("/"),
    )
    right: Bools = np.ones(len(at), np.bool_)
    for name, text in texts.items():
        right &= _all(pc.equal(signals[name].cast(pa.string()), text))
    right &= _all(pc.equal(signals["id"], ids))
    for name, numbers in (
        ("close", wanted.closes),
        ("sma_fast", wanted.fast),
        ("sma_slow", wanted.slow),
        ("rsi", wanted.rsi),
        ("rsi_seed_weight", wanted.seed_weights),
    ):
        right &= _close(_floats(signals[name]), numbers[at])
    right &= _codes(signals["action"], ACTIONS) == actions
    right &= _codes(signals["previous_action"], ACTIONS) == previous
    right &= _codes(signals["reason"], REASONS) == wanted.reasons[at]
    right &= _numbers(signals["transition"]) == ((previous >= 0) & (previous != actions))
    right &= _numbers(signals["ready"]) == (seen >= strategy.slow)
    right &= _numbers(signals["bars_seen"]) == seen
    right &= _numbers(signals["revision"]) == 0
    right &= _all(pc.is_null(signals["split"]))
    if calendar:
        right &= _numbers(signals["gap_minutes"].fill_null(-1)) == np.where(seen == 1, -1, 0)
    return right


@lru_cache(maxsize=2)
def _expected(tape: RecordedBars, strategy: Strategy) -> Any:
    """The rounds of a load have the same tape."""
    return expected(tape, strategy)


def _example(signals: pa.RecordBatch, known: Bools, right: Bools) -> str:
    """One that is not right, in full."""
    bad = np.flatnonzero(~known)
    bad = bad if len(bad) else np.flatnonzero(known)[~right]
    return str(signals.slice(int(bad[0]), 1).to_pylist()[0]) if len(bad) else ""


def _close(values: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]) -> Bools:
    return np.asarray(np.isclose(values, wanted, rtol=TOLERANCE, atol=0.0, equal_nan=True))


def _floats(column: pa.Array) -> npt.NDArray[np.float64]:
    return np.asarray(column.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False))


def _numbers(column: pa.Array) -> npt.NDArray[Any]:
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _all(column: pa.Array) -> Bools:
    return np.asarray(column.fill_null(False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _codes(column: pa.Array, names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Indexes into the names; -1: null or another."""
    return np.asarray(
        pc.index_in(column.cast(pa.string()), pa.array(names)).fill_null(-1).to_numpy(zero_copy_only=False)
    )
