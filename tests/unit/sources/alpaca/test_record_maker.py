from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.record_maker import RecordMaker
from app.sources.base import Fault

GOOD = AlpacaBar("AAPL", 1731594600000, 1.0, 3.5, 1.0, 2.0, 700.0, 12, 1.9)
BAD = GOOD._replace(close=-2.0)


def test_what_is_no_bar_is_reported_under_its_number() -> None:
    faults: list[Fault] = []
    maker = RecordMaker("alpaca-live", "iex", "a-run", faults.append)
    [record] = maker.records(GOOD, "live")
    assert (record["symbol"], record["origin"], record["run_id"]) == ("AAPL", "live", "a-run")
    assert record["source"] == "alpaca-live"
    maker.skip("it is no bar at all")
    assert list(maker.records(BAD, "live")) == []
    assert [fault.line for fault in faults] == [2, 3]
    assert faults[0].message == "it is no bar at all"
    assert maker.read == 3
