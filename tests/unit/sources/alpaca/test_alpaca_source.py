import pytest

from app.domain.records import MINUTE_MS, Bar
from app.sources.alpaca.alpaca_source import AlpacaSource
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.errors import UnknownSymbols
from app.sources.base import Fault, SourceError
from tests.bars import OPENING_MS
from tests.unit.sources.alpaca.conftest import HastyClock
from tests.unit.sources.alpaca.fake_api import FakeApi, source

END_MS = OPENING_MS + 3 * MINUTE_MS
GOOD = AlpacaBar("AAPL", 1731594600000, 1.0, 3.5, 1.0, 2.0, 700.0, 12, 1.9)
BAD = GOOD._replace(close=-2.0)


class Source(AlpacaSource):
    """One that gives what it is given."""

    name = "alpaca-live"
    origin = "live"

    def records(self, bar: AlpacaBar) -> list[Bar]:
        return list(self._records(bar, self.origin))

    skip = AlpacaSource._skip


def test_what_is_no_bar_is_reported_under_its_number() -> None:
    faults: list[Fault] = []
    api = FakeApi(HastyClock(0))
    source = Source(api, ["AAPL"], run_id="a-run", on_fault=faults.append, on_notice=lambda _: None)
    [record] = source.records(GOOD)
    assert (record["symbol"], record["origin"], record["run_id"]) == ("AAPL", "live", "a-run")
    assert record["source"] == "alpaca-live"
    source.skip("it is no bar at all")
    assert source.records(BAD) == []
    assert [fault.line for fault in faults] == [2, 3]
    assert faults[0].message == "it is no bar at all"
    assert source.read == 3


class Picky(FakeApi):
    """Refuses symbols that it does not know, one at a time."""

    known = frozenset({"AAPL", "SPY"})

    def pages(self, symbols, start_ms, end_ms, on_bad=lambda _: None):  # type: ignore[no-untyped-def]
        if unknown := [symbol for symbol in symbols if symbol not in self.known]:
            raise UnknownSymbols(unknown[:1])
        on_bad("AAPL: no bar")
        return super().pages(symbols, start_ms, end_ms)


@pytest.fixture
def api() -> Picky:
    api = Picky(HastyClock(END_MS + 60_000))
    api.trade(("SPY", "AAPL"), OPENING_MS, END_MS)
    return api


def keys(bars: list[AlpacaBar]) -> list[tuple[int, str]]:
    return [(bar.timestamp, bar.symbol) for bar in bars]


def test_bars_come_by_time_and_symbol(api: Picky) -> None:
    fetch = source(api, ["SPY", "AAPL"]).fetch
    every = [(OPENING_MS + minute * MINUTE_MS, symbol) for minute in range(3) for symbol in ("AAPL", "SPY")]
    assert keys(fetch(OPENING_MS, END_MS)) == every
    assert keys(fetch(OPENING_MS, END_MS, ["SPY"])) == every[1::2]


def test_of_a_bar_that_comes_twice_in_one_answer_the_last_counts() -> None:
    class Repeating(FakeApi):
        def pages(self, *args, **kwargs):  # type: ignore[no-untyped-def]
            [page] = super().pages(*args, **kwargs)
            return [page, [page[-1]._replace(close=11.0)]]

    api = Repeating(HastyClock(END_MS + 60_000))
    api.trade(("SPY", "AAPL"), OPENING_MS, END_MS)
    bars = source(api, ["SPY", "AAPL"]).fetch(OPENING_MS, END_MS)
    assert len(set(keys(bars))) == len(bars) == 6
    assert bars[-1].close == 11.0


def test_unknown_symbols_are_named_once_and_the_others_go_on(api: Picky) -> None:
    said: list[str] = []
    picky = source(api, ["SPI", "AAPL", "APPL"], on_notice=said.append)
    assert len(picky.fetch(OPENING_MS, END_MS)) == len(picky.fetch(OPENING_MS, END_MS)) == 3
    assert picky.symbols == ["AAPL"]
    assert said == [
        "Alpaca does not know SPI: check the spelling in SYMBOLS. The others go on.",
        "Alpaca does not know APPL: check the spelling in SYMBOLS. The others go on.",
    ]


def test_however_many_are_unknown_one_by_one_the_others_go_on(api: Picky) -> None:
    picky = source(api, [*(f"S{number}" for number in range(1_100)), "AAPL"])
    assert len(picky.fetch(OPENING_MS, END_MS)) == 3
    assert picky.symbols == ["AAPL"]


def test_with_none_left_it_cannot_go_on(api: Picky) -> None:
    with pytest.raises(SourceError, match="does not know SPI"):
        source(api, ["SPI"]).fetch(OPENING_MS, END_MS)


def test_symbols_that_nobody_asked_for_are_not_ours_to_drop(api: Picky) -> None:
    api.error = lambda: UnknownSymbols(["TSLA"])
    with pytest.raises(UnknownSymbols):
        source(api, ["AAPL"]).fetch(OPENING_MS, END_MS)


def test_what_is_no_bar_is_reported_once(api: Picky) -> None:
    bad: list[Fault] = []
    fetch = source(api, ["AAPL"], bad.append).fetch
    for _ in range(3):
        fetch(OPENING_MS, END_MS)
    assert [fault.message for fault in bad] == ["AAPL: no bar"]
