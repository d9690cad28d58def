"""Holds what the live source gave against the final bars, a replay of them and the oracle."""

from collections import Counter
from collections.abc import Iterable
from math import isclose

from app.domain.outcome import Outcome
from app.domain.records import Bar
from app.times import iso
from tests.harness.doubles.alpaca import ExchangeSession
from tests.harness.doubles.alpaca.request_log import most_in_a_minute
from tests.harness.oracle import differences, final_signals
from tests.integration.trading_day import STRATEGY, ExpectedDay, Key, TradingDays, key, values

EXACT = ("action", "previous_action", "transition", "reason", "ready", "bars_seen", "gap_minutes", "strategy")
CLOSE = ("close", "sma_fast", "sma_slow", "rsi", "rsi_seed_weight")


def check(days: TradingDays, until_ms: int | None = None) -> None:
    """That nothing was lost, doubled or made up, and that it comes to what a replay gives."""
    until_ms = until_ms or days.clock.now_ms()
    assert days.faults == []
    assert differences_in_bars(days, until_ms) == []
    folded = ExpectedDay(days.bars)
    assert folded.count(Outcome.STALE, "live") == 0
    assert differences(final_signals(days.final().values(), STRATEGY), folded.signals.values()) == []

    replayed = [bar for bar in days.replayed() if bar["timestamp"] < until_ms]
    first_ms = first_minutes(folded.signals)
    wanted = ExpectedDay([bar for bar in replayed if bar["timestamp"] >= first_ms[bar["symbol"]]])
    assert differences_in_signals(folded, wanted, until_ms) == []
    if until_ms == days.clock.now_ms():
        assert folded.windows == wanted.windows

    assert most_in_a_minute(days.requests) <= 200
    asked = [request.query for request in days.requests if request.path.endswith("/bars")]
    assert {(query["feed"], query["adjustment"]) for query in asked} == {("iex", "raw")}


def differences_in_bars(days: TradingDays, until_ms: int) -> list[str]:
    final = {each: bar for each, bar in days.final().items() if each[1] < until_ms}
    first_ms = first_minutes(final)
    wanted = {
        (bar.symbol, bar.timestamp): bar
        for bar in days.tape.final("iex")
        if first_ms[bar.symbol] <= bar.timestamp < until_ms and in_session(days.traded, bar.timestamp)
    }
    problems = [f"{symbol} {iso(minute)} was lost" for symbol, minute in wanted.keys() - final.keys()]
    problems += [f"{symbol} {iso(minute)} was made up" for symbol, minute in final.keys() - wanted.keys()]
    return problems + [
        f"{bar.symbol} {iso(bar.timestamp)} came to {final[each]['close']}, not {bar.close}"
        for each, bar in wanted.items()
        if each in final and (final[each]["close"], final[each]["volume"]) != (bar.close, bar.volume)
    ]


def first_minutes(keys: Iterable[Key]) -> dict[str, int]:
    """Of each symbol: how far back it is asked for depends on how much it trades."""
    return dict(sorted(keys, reverse=True))


def repeats(days: TradingDays) -> list[str]:
    """Bars that came more than twice, or again with the same values."""
    problems, last = list[str](), dict[Key, Bar]()
    times = Counter(key(bar) for bar in days.bars)
    for bar in days.bars:
        if values(last.get(key(bar))) == values(bar) or times[key(bar)] > 2:
            problems.append(f"{bar['symbol']} {iso(bar['timestamp'])} came {times[key(bar)]} times")
        last[key(bar)] = bar
    return problems


def differences_in_signals(found: ExpectedDay, wanted: ExpectedDay, until_ms: int) -> list[str]:
    ours = {each: signal for each, signal in found.signals.items() if each[1] < until_ms}
    problems = [f"{each[0]} {iso(each[1])} is in one of them" for each in ours.keys() ^ wanted.signals.keys()]
    for each in ours.keys() & wanted.signals.keys():
        one, other = dict(ours[each]), dict(wanted.signals[each])
        wrong = [name for name in EXACT if one[name] != other[name]]
        wrong += [name for name in CLOSE if not same(one[name], other[name])]
        problems += [f"{each[0]} {iso(each[1])}: {name} is {one[name]}, not {other[name]}" for name in wrong]
    return sorted(problems)


def same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-9)
    return one == other


def in_session(sessions: list[ExchangeSession], minute: int) -> bool:
    return any(session.open_ms <= minute < session.close_ms for session in sessions)
