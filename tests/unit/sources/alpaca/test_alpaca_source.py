from app.domain.records import Bar
from app.sources.alpaca.alpaca_source import AlpacaSource
from app.sources.alpaca.bar import AlpacaBar
from app.sources.base import Fault
from tests.unit.sources.alpaca.conftest import HastyClock
from tests.unit.sources.alpaca.fake_api import FakeApi

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
