"""The newest signal of each symbol, from tables and from what has come since."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.unit.web.fake import FakeReader
from tests.unit.web.series import pullback, series
from tests.unit.web.stream.conftest import FakePeers, Open
from tests.unit.web.stream.made import RUN, MemoryTopic, batch, record
from web.reader import PartitionOwner, Readiness
from web.signal_out import signal_out
from web.stream.filter import StreamFilter
from web.stream.peers import read_answer, write_answer
from web.stream.snapshot import Answer, Newest, newer

PEER = "http://127.0.0.1:8002"


async def test_what_tables_have_is_as_in_lists(reader: FakeReader, connect: Open) -> None:
    reader.series = [series(RUN, "AAPL", pullback()), series(RUN, "SPY", [50.0] * 5), series("old", "X", [1.0])]
    snapshot = await connect().next("snapshot")
    assert (snapshot.data["run_id"], snapshot.data["complete"]) == ("old", True)
    snapshot = await connect(StreamFilter(RUN)).next("snapshot")
    newest = [each.signals()[0] for each in reader.series[:2]]
    assert snapshot.data["signals"] == [json.loads(signal_out(signal).model_dump_json()) for signal in newest]
    some = await connect(StreamFilter(RUN, frozenset({"SPY", "NONE"}))).next("snapshot")
    assert [signal["symbol"] for signal in some.data["signals"]] == ["SPY"]


async def test_what_has_come_since_is_newer_than_the_tables(
    reader: FakeReader, topic: MemoryTopic, connect: Open
) -> None:
    reader.series = [series(RUN, "AAPL", [50.0]), series(RUN, "SPY", [50.0])]
    newest = reader.series[0].rows[-1].timestamp // 60_000
    topic.add(minute=newest + 1)
    topic.add(minute=newest)
    topic.add("SPY", 1, minute=newest - 1)
    snapshot = await connect(StreamFilter(RUN)).next("snapshot")
    assert [signal["timestamp"] for signal in snapshot.data["signals"]] == [
        (newest + 1) * 60_000,
        "2024-11-14T14:30:00Z",
    ]
    assert snapshot.id == "0:2,1:1"


def test_a_later_revision_is_newer() -> None:
    records = [record(0, minute=5, revision=1), record(1, minute=5), record(2, minute=4, revision=3)]
    known = {"AAPL": Newest(5 * 60_000, 0, b"{}")}
    found = newer([batch(records, (0,))], StreamFilter(RUN), known)
    assert [each.offset for each in found.values()] == [0]
    assert not newer([batch(records, (0,))], StreamFilter(RUN), {"AAPL": Newest(5 * 60_000, 1, b"{}")})


@pytest.mark.parametrize(
    ("owner", "answer", "status"),
    [
        (PEER, Answer(frozenset({1}), False, {"SPY": Newest(1, 0, b'{"symbol":"SPY"}')}), "active"),
        (PEER, Answer(frozenset({1}), True, {}), "recovering"),
        (PEER, Answer(frozenset(), False, {}), "unassigned"),
        (PEER, None, "unreachable"),
        (None, None, "unassigned"),
    ],
)
async def test_other_workers_are_asked_and_answered_for(
    reader: FakeReader, peers: FakePeers, connect: Open, owner: str | None, answer: Answer | None, status: str
) -> None:
    reader.series = [series(RUN, "AAPL", [50.0])]
    reader.missing = [PartitionOwner(1, owner)]
    if answer:
        peers.answers[PEER] = answer
    snapshot = await connect(StreamFilter(RUN)).next("snapshot")
    assert [each["status"] for each in snapshot.data["partitions"]] == ["active", status]
    assert snapshot.data["complete"] == (status == "active")
    symbols = [signal["symbol"] for signal in snapshot.data["signals"]]
    assert symbols == (["AAPL", "SPY"] if status == "active" else ["AAPL"])


async def test_a_worker_that_restores_its_tables_says_so(reader: FakeReader, connect: Open) -> None:
    reader.series = [series(RUN, "AAPL", [50.0])]
    reader.state = Readiness(recovering=True)
    snapshot = await connect(StreamFilter(RUN)).next("snapshot")
    assert {each["status"] for each in snapshot.data["partitions"]} == {"recovering"}
    assert (snapshot.data["complete"], snapshot.data["signals"]) == (False, [])


async def test_an_answer_between_workers_comes_back_as_it_was() -> None:
    newest = {f"S\t\u2028{number}": Newest(number, 1, json.dumps({"n": number}).encode()) for number in range(120)}
    answer = Answer(frozenset({3, 5}), False, newest)
    text = b"".join([part async for part in write_answer(answer)])

    async def lines() -> AsyncIterator[bytes]:
        for line in text.split(b"\n")[:-1]:
            yield line

    assert await read_answer(lines()) == answer
