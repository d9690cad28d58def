"""What was traded: made up from a seed, and known to the end from the start.

A bar has one or two *editions*: the first appears some seconds after its minute,
a correction of the same minute half a minute later, and a late bar minutes after
its minute, when later ones are there already. A minute without trades has no bar.
"""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from app.domain.records import MINUTE_MS
from tests.harness.doubles.alpaca.exchange import HOUR_MS, ExchangeSession

FEEDS = ("iex", "sip")


class TradedBar(NamedTuple):
    """One minute of trades; the timestamp is its start, UTC milliseconds."""

    symbol: str
    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    trade_count: int
    vwap: float


class Edition(NamedTuple):
    """A bar as it is answered from some moment on: by REST, and by the stream in a message of type b or u."""

    bar: TradedBar
    rest_ms: int
    stream_ms: int
    kind: str


class TradedBars:
    """The trades of some symbols in some sessions, with other values by each feed.

    `missing` is the share of minutes without trades. In each of the last
    `unquiet` sessions there are so many `corrections` and `late` bars of each
    feed, one of each in the last two minutes before the close.
    `extended` adds some bars in the hours before and after.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        sessions: Sequence[ExchangeSession],
        *,
        seed: int = 0,
        missing: float = 0.03,
        corrections: int = 0,
        late: int = 0,
        unquiet: int = 1,
        extended: bool = True,
        feeds: Sequence[str] = FEEDS,
    ) -> None:
        self.symbols = tuple(symbols)
        self._editions: dict[str, dict[str, dict[int, list[Edition]]]] = {}
        self._minutes: dict[str, dict[str, list[int]]] = {}
        for feed in feeds:
            chance = random.Random(f"{seed}/{feed}")
            self._editions[feed] = {
                symbol: {
                    bar.timestamp: [_on_time(bar, chance)]
                    for bar in _walk(symbol, sessions, random.Random(f"{seed}/{symbol}"), chance, missing, extended)
                }
                for symbol in symbols
            }
            for session in sessions[-unquiet:]:
                self._disturb(feed, session, chance, corrections, late)
            self._minutes[feed] = {symbol: sorted(bars) for symbol, bars in self._editions[feed].items()}

    def seen(self, feed: str, symbol: str, start_ms: int, end_ms: int, now_ms: int) -> Iterator[TradedBar]:
        """The symbol's bars from start to end, both inclusive, as REST tells them at that moment."""
        editions, minutes = self._editions[feed][symbol], self._minutes[feed][symbol]
        for minute in minutes[bisect_left(minutes, start_ms) : bisect_right(minutes, end_ms)]:
            told = [edition.bar for edition in editions[minute] if edition.rest_ms <= now_ms]
            if told:
                yield told[-1]

    def final(self, feed: str, symbols: Iterable[str] | None = None) -> list[TradedBar]:
        """How it all was in the end, by symbol and time."""
        wanted = self.symbols if symbols is None else symbols
        return [
            self._editions[feed][symbol][minute][-1].bar for symbol in wanted for minute in self._minutes[feed][symbol]
        ]

    def messages(self, feed: str) -> list[Edition]:
        """All editions in the order in which the stream tells them."""
        by_symbol = self._editions[feed].values()
        editions = (edition for bars in by_symbol for told in bars.values() for edition in told)
        return sorted(editions, key=lambda edition: (edition.stream_ms, edition.bar.symbol))

    def _disturb(self, feed: str, session: ExchangeSession, chance: random.Random, corrections: int, late: int) -> None:
        last = [
            (symbol, minute)
            for minute in (session.close_ms - MINUTE_MS, session.close_ms - 2 * MINUTE_MS)
            for symbol in self.symbols
            if minute in self._editions[feed][symbol]
        ]
        others = [
            (symbol, minute)
            for symbol in self.symbols
            for minute in self._editions[feed][symbol]
            if session.open_ms <= minute < session.close_ms and (symbol, minute) not in last
        ]
        at_the_close = last[: min(corrections, 1) + min(late, 1)]
        chosen = at_the_close + chance.sample(others, corrections + late - len(at_the_close))
        # The two before the close are one of each kind.
        order = chosen[1:2] + chosen[2:] + chosen[:1] if corrections and late else chosen
        for symbol, minute in order[:late]:
            self._editions[feed][symbol][minute] = [_late(self._editions[feed][symbol][minute][0].bar, chance)]
        for symbol, minute in order[late:]:
            self._editions[feed][symbol][minute] = _corrected(self._editions[feed][symbol][minute][0], chance)


def _walk(
    symbol: str,
    sessions: Sequence[ExchangeSession],
    prices: random.Random,
    chance: random.Random,
    missing: float,
    extended: bool,
) -> Iterator[TradedBar]:
    """One symbol's bars: `prices` moves it alike for all feeds, `chance` is a feed's own."""
    close = prices.uniform(20, 400)
    for session in sessions:
        close *= 1 + prices.gauss(0, 0.004)
        # From 04:00 to 20:00 on a day of 09:30 to 16:00.
        around = range(session.open_ms - 11 * HOUR_MS // 2, session.close_ms + 4 * HOUR_MS, MINUTE_MS)
        for minute in around if extended else range(session.open_ms, session.close_ms, MINUTE_MS):
            regular = session.open_ms <= minute < session.close_ms
            if not regular and minute % 5:
                continue
            before, close = close, max(1.0, close * (1 + prices.gauss(0, 0.0009)))
            if chance.random() < (missing if regular else 0.8):
                continue
            told = [round(price + chance.choice((-0.01, 0.0, 0.01)), 2) for price in (before, close)]
            high, low = max(told) + 0.02, min(told) - 0.02
            yield TradedBar(
                symbol,
                minute,
                told[0],
                round(high, 2),
                round(low, 2),
                told[1],
                chance.randrange(100, 20_000),
                chance.randrange(1, 300),
                round((high + low) / 2, 6),
            )


def _on_time(bar: TradedBar, chance: random.Random) -> Edition:
    end = bar.timestamp + MINUTE_MS
    return Edition(bar, end + chance.randrange(1_000, 3_000), end + chance.randrange(20, 101, 20), "b")


def _corrected(first: Edition, chance: random.Random) -> list[Edition]:
    bar = first.bar
    close = round(bar.close + chance.choice((-0.03, -0.02, 0.02, 0.03)), 2)
    corrected = bar._replace(
        close=close,
        high=max(bar.high, close),
        low=min(bar.low, close),
        volume=bar.volume + 100,
        trade_count=bar.trade_count + 1,
    )
    stream_ms = bar.timestamp + MINUTE_MS + 30_000 + chance.randrange(20, 101, 20)
    return [first, Edition(corrected, stream_ms + chance.randrange(200, 1_000), stream_ms, "u")]


def _late(bar: TradedBar, chance: random.Random) -> Edition:
    stream_ms = bar.timestamp + MINUTE_MS + chance.randrange(70_000, 240_000, 1_000) + 40
    return Edition(bar, stream_ms + chance.randrange(200, 1_000), stream_ms, "u")
