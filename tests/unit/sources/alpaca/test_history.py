"""Days from the double, as a Source."""

from datetime import date
from typing import Any

import pytest

from app.domain.records import MINUTE_MS, Bar
from app.sources.alpaca.access import Access
from app.sources.alpaca.history import AlpacaHistory
from app.sources.alpaca.rest import Api
from app.sources.base import Fault, SourceError
from tests.harness.doubles.alpaca import AlpacaDouble, ExchangeSession, TradedBars
from tests.harness.doubles.alpaca.answers import Answers, Refused
from tests.harness.doubles.alpaca.request_log import LoggedRequest
from tests.harness.doubles.alpaca.server_faults import CutOff, Reset, Status, any_request, further_page
from tests.harness.doubles.virtual_clock import VirtualClock

SYMBOLS = ("SPY", "AAPL", "GOOGL")
FIRST, LAST = date(2024, 11, 13), date(2024, 11, 14)


class Opened:
    """A source over the double, and what it said."""

    def __init__(self, access: Access, clock: VirtualClock, **options: Any) -> None:
        self.notices: list[str] = []
        self.faults: list[Fault] = []
        self.api = Api(access, clock, page_size=options.pop("page_size", 10_000))
        days = (options.pop("first", LAST), options.pop("last", LAST))
        symbols = options.pop("symbols", SYMBOLS)
        self.source = AlpacaHistory(
            self.api, clock, symbols, *days, on_fault=self.faults.append, on_notice=self.notices.append, **options
        )

    def bars(self) -> list[Bar]:
        return [bar for bar in self.source.bars() if bar is not None]


def final(tape: TradedBars, begin_ms: int, end_ms: int) -> list[tuple[int, str, float, float]]:
    bars = [bar for bar in tape.final("iex") if begin_ms <= bar.timestamp < end_ms]
    return sorted((bar.timestamp, bar.symbol, bar.close, bar.volume) for bar in bars)


def values(bars: list[Bar]) -> list[tuple[int, str, float, float]]:
    return [(bar["timestamp"], bar["symbol"], bar["close"], bar["volume"]) for bar in bars]


def test_a_day_minute_by_minute(
    access: Access, clock: VirtualClock, tape: TradedBars, sessions: list[ExchangeSession]
) -> None:
    opened = Opened(access, clock)
    bars = opened.bars()
    assert values(bars) == final(tape, *sessions[1])
    assert opened.source.read == len(bars) == 1134
    assert {(bar["origin"], bar["source"], bar["feed"], bar["run_id"]) for bar in bars} == {
        ("replay", "alpaca-history", "iex", opened.source.run_id)
    }
    assert opened.source.run_id.startswith("replay-2024-11-14-iex-raw-regular-")
    assert str(opened.source) == "alpaca-history: SPY, AAPL, GOOGL, 2024-11-14, regular hours, feed iex"
    assert (opened.notices, opened.faults, opened.source.doing, opened.source.trouble) == ([], [], None, None)
    assert opened.source.requests_last_minute == opened.api.requests_last_minute == 1


def test_several_days(access: Access, clock: VirtualClock, tape: TradedBars, sessions: list[ExchangeSession]) -> None:
    opened = Opened(access, clock, first=date(2024, 11, 9), last=LAST)
    assert values(opened.bars()) == final(tape, *sessions[0]) + final(tape, *sessions[1])
    assert ", 2024-11-11 to 2024-11-14, " in str(opened.source)


def test_all_hours(access: Access, clock: VirtualClock, tape: TradedBars, sessions: list[ExchangeSession]) -> None:
    opened = Opened(access, clock, first=FIRST, last=FIRST, all_hours=True)
    begin = sessions[0].open_ms - 330 * MINUTE_MS
    bars = values(opened.bars())
    assert bars == final(tape, begin, begin + 960 * MINUTE_MS)
    assert len(bars) > len(final(tape, *sessions[0]))
    assert opened.source.run_id.startswith("replay-2024-11-13-iex-raw-extended-")


def test_much_is_fetched_in_pieces_and_comes_in_the_same_order(
    access: Access, clock: VirtualClock, tape: TradedBars, sessions: list[ExchangeSession]
) -> None:
    opened = Opened(access, clock, most_held=100)
    assert values(opened.bars()) == final(tape, *sessions[1])
    assert opened.api.requests_last_minute == 12


def test_a_minute_is_fetched_whole_however_many_its_bars(
    access: Access, tape: TradedBars, sessions: list[ExchangeSession]
) -> None:
    clock = VirtualClock(sessions[1].open_ms + 5 * MINUTE_MS)
    opened = Opened(access, clock, most_held=1)
    assert values(opened.bars()) == final(tape, sessions[1].open_ms, clock.now_ms())
    assert opened.api.requests_last_minute == 5


def test_failures_in_the_middle_lose_and_repeat_nothing(
    access: Access, alpaca: AlpacaDouble, clock: VirtualClock, tape: TradedBars, sessions: list[ExchangeSession]
) -> None:
    for fault in (Reset(), Status(429), CutOff(), Status(500, html=True)):
        alpaca.rest.faults.plan(fault, further_page)
    assert values(Opened(access, clock, page_size=100).bars()) == final(tape, *sessions[1])
    assert alpaca.rest.faults.left == 0


def test_as_much_of_today_as_there_is(access: Access, tape: TradedBars, sessions: list[ExchangeSession]) -> None:
    clock = VirtualClock(sessions[1].open_ms + 10 * MINUTE_MS + 30_000)
    opened = Opened(access, clock)
    assert max(bar["timestamp"] for bar in opened.bars()) < sessions[1].open_ms + 10 * MINUTE_MS


def test_unknown_symbols_are_named_once_and_the_rest_go_on(
    access: Access, clock: VirtualClock, tape: TradedBars, sessions: list[ExchangeSession]
) -> None:
    opened = Opened(access, clock, symbols=("NOPE", *SYMBOLS, "NADA", "SPY"), first=FIRST)
    assert values(opened.bars()) == final(tape, *sessions[0]) + final(tape, *sessions[1])
    assert opened.notices == [
        "Alpaca does not know NOPE: check the spelling in SYMBOLS. The others go on.",
        "Alpaca does not know NADA: check the spelling in SYMBOLS. The others go on.",
    ]


def test_unknown_symbols_that_alpaca_does_not_name_are_found(
    access: Access, alpaca: AlpacaDouble, clock: VirtualClock, tape: TradedBars, sessions: list[ExchangeSession]
) -> None:
    class Unnamed(Answers):
        def answer(self, request: LoggedRequest) -> Any:
            try:
                return super().answer(request)
            except Refused as refused:
                raise Refused(refused.status, "invalid symbol") from None

    alpaca.rest.answers = Unnamed(alpaca.tape, alpaca.exchange)
    opened = Opened(access, clock, symbols=("AAPL", "NOPE", "SPY", "GOOGL", "NADA"))
    assert values(opened.bars()) == final(tape, *sessions[1])
    assert opened.source.symbols == ["AAPL", "SPY", "GOOGL"]
    assert [notice.split(":")[0] for notice in opened.notices] == [
        "Alpaca does not know NOPE",
        "Alpaca does not know NADA",
    ]
    assert len(alpaca.rest.requests) <= 10
    assert opened.source.trouble is None


def test_symbols_that_alpaca_passes_over_are_named(access: Access, alpaca: AlpacaDouble, clock: VirtualClock) -> None:
    alpaca.rest.answers.knows_all = True
    opened = Opened(access, clock, symbols=("QUIET", "SPY"))
    assert opened.bars()
    assert opened.notices == ["Alpaca has no bars of QUIET there: check the spelling, and the days."]


def test_no_symbol_is_known(access: Access, clock: VirtualClock) -> None:
    opened = Opened(access, clock, symbols=("NOPE", "NADA"))
    with pytest.raises(SourceError, match="does not know NADA"):
        opened.bars()
    assert opened.notices == ["Alpaca does not know NOPE: check the spelling in SYMBOLS. The others go on."]


def test_when_it_gives_up_it_says_how_to_go_on(access: Access, alpaca: AlpacaDouble, clock: VirtualClock) -> None:
    alpaca.rest.faults.plan(Status(503), any_request, times=20)
    opened = Opened(access, clock, run_id="mine")
    with pytest.raises(SourceError, match=r"HTTP 503 .* run it again with RUN=mine"):
        opened.bars()


def test_what_makes_no_sense_is_reported_and_the_others_go_on(
    access: Access, alpaca: AlpacaDouble, clock: VirtualClock, tape: TradedBars, sessions: list[ExchangeSession]
) -> None:
    class Spoilt(Answers):
        def answer(self, request: LoggedRequest) -> Any:
            answer = super().answer(request)
            for bars in answer["bars"].values():
                bars[0]["h"] = -1.0
            return answer

    alpaca.rest.answers = Spoilt(alpaca.tape, alpaca.exchange)
    opened = Opened(access, clock)
    assert values(opened.bars()) == [row for row in final(tape, *sessions[1]) if row[0] != sessions[1].open_ms]
    assert [fault.message for fault in opened.faults] == [
        f"{symbol} 2024-11-14T14:30:00Z: high is -1.0, a price must be finite and above 0"
        for symbol in ("AAPL", "GOOGL", "SPY")
    ]


def test_stopping_ends_it_without_an_error(access: Access, alpaca: AlpacaDouble, clock: VirtualClock) -> None:
    opened = Opened(access, clock)
    bars = opened.source.bars()
    assert next(bars) is None
    opened.source.stop()
    rest = list(bars)
    assert len(rest) == 1134

    stopped = Opened(access, clock)
    stopped.source.stop()
    assert list(stopped.source.bars()) == [None]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"first": date(2024, 11, 16), "last": date(2024, 11, 17)}, "no session from 2024-11-16 to 2024-11-17"),
        ({"first": date(2024, 11, 28), "last": date(2024, 11, 28)}, "no session on 2024-11-28"),
        ({"first": LAST, "last": FIRST}, "no session from 2024-11-14 to 2024-11-13"),
        ({"first": date(2024, 11, 15), "last": date(2024, 11, 15)}, "2024-11-15 has not begun"),
        ({"symbols": ()}, "at least one symbol"),
    ],
)
def test_what_cannot_be_fetched_is_an_error_at_once(
    access: Access, clock: VirtualClock, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        Opened(access, clock, **options)
