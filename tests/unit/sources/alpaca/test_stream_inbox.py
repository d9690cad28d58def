from app.sources.alpaca.stream_inbox import Inbox
from app.sources.alpaca.stream_socket import Garbled
from app.sources.base import Fault
from tests.unit.sources.alpaca.scripted_stream import bar


def inbox(faults: list[Fault], most: int = 10) -> Inbox:
    return Inbox(["AAPL", "SPY"], most, faults.append, lambda text: text.replace("secret", "***"))


def test_gives_bars_and_corrections_in_order_once() -> None:
    faults: list[Fault] = []
    box = inbox(faults)
    box.put([bar("AAPL"), bar("SPY")])
    box.put([bar("AAPL", kind="u", c=1.25)])
    assert [(each.symbol, each.close) for each in box.take()] == [("AAPL", 1.5), ("SPY", 1.5), ("AAPL", 1.25)]
    assert box.take() == []
    assert not faults


def test_what_is_no_bar_costs_only_itself() -> None:
    faults: list[Fault] = []
    box = inbox(faults)
    box.put([bar(), 5, Garbled("a frame of secret text"), {"S": "AAPL"}, bar(c=None), {"T": "b"}, bar("GOOGL"), bar()])
    assert len(box.take()) == 2
    assert [fault.line for fault in faults] == [2, 3, 4, 5, 6, 7]
    assert faults[1].message == "a frame of *** text"
    assert "GOOGL" in faults[-1].message


def test_other_kinds_of_messages_are_none_of_its_business() -> None:
    faults: list[Fault] = []
    box = inbox(faults)
    box.put([bar(kind="d"), {"T": "t", "S": "AAPL", "p": 1.0}, {"T": "a new kind"}])
    assert box.take() == []
    assert not faults


def test_is_full_until_somebody_takes() -> None:
    box = inbox([], most=2)
    box.put([bar()])
    assert not box.full
    box.put([bar(), bar()])
    assert box.full
    assert len(box.take()) == 3
    assert not box.full
