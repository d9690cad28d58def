"""One client's events over a topic in memory."""

import asyncio
import random

import pytest

from tests.unit.web.stream.conftest import Open
from tests.unit.web.stream.made import RUN, MemoryTopic, ids
from web.stream import Push, events
from web.stream.filter import StreamFilter
from web.stream.intervals import Intervals


async def test_a_new_client_gets_a_snapshot_and_then_what_comes(topic: MemoryTopic, connect: Open) -> None:
    topic.add(), topic.add("SPY", 1)
    reading = connect()
    snapshot = await reading.next()
    assert (snapshot.name, snapshot.id) == ("snapshot", f"0:1,1:1@{RUN}")
    assert [signal["symbol"] for signal in snapshot.data["signals"]] == ["AAPL", "SPY"]
    added = topic.add()
    event = await reading.next()
    assert (event.name, event.id, event.data["id"]) == ("signal", f"0:2,1:1@{RUN}", f"0:{added.offset}")


async def test_a_run_without_bars_is_an_empty_snapshot_and_then_waits(topic: MemoryTopic, connect: Open) -> None:
    topic.add(run_id="other")
    reading = connect(StreamFilter("later"))
    snapshot = await reading.next()
    assert (snapshot.data["run_id"], snapshot.data["run_reason"]) == ("later", "asked for")
    assert (snapshot.data["signals"], snapshot.id) == ([], "0:1,1:0")
    topic.add(run_id="other"), topic.add(run_id="later")
    assert (await reading.next()).id == "0:3,1:0"


async def test_where_there_is_no_run_the_first_that_comes_is_taken(topic: MemoryTopic, connect: Open) -> None:
    reading = connect()
    snapshot = await reading.next()
    assert (snapshot.data["run_id"], snapshot.id) == (None, "0:0,1:0")
    topic.add(run_id="first"), topic.add(run_id="second"), topic.add(run_id="first")
    assert [event.id for event in await reading.signals(2)] == ["0:1,1:0@first", "0:3,1:0@first"]


async def test_a_resume_brings_what_was_missed_and_no_snapshot(topic: MemoryTopic, connect: Open) -> None:
    for _ in range(6):
        topic.add(), topic.add("SPY", 1)
    reading = connect(last_id="0:4,1:5")
    assert set(ids(await reading.signals(3))) == {"0:4", "0:5", "1:5"}
    topic.add()
    assert (await reading.next()).data["id"] == "0:6"
    assert topic.missed_from == []


async def test_a_resume_keeps_to_its_run(topic: MemoryTopic, connect: Open) -> None:
    topic.add(run_id="old"), topic.add(run_id="new"), topic.add(run_id="old")
    reading = connect(last_id="0:1,1:0@old")
    event = await reading.next()
    assert (event.data["id"], event.id) == ("0:2", "0:3,1:0@old")


@pytest.mark.parametrize("hub", [{"back": 2}])
async def test_what_is_older_than_memory_comes_from_the_topic(topic: MemoryTopic, connect: Open) -> None:
    for _ in range(20):
        topic.add(), topic.add("SPY", 1)
    reading = connect(last_id="0:7,1:19")
    missed = await reading.signals(14)
    assert sorted(ids(missed)) == sorted([f"0:{offset}" for offset in range(7, 20)] + ["1:19"])
    assert topic.missed_from == [(7, 19)]
    topic.add()
    assert (await reading.next()).data["id"] == "0:20"


async def test_a_client_that_another_worker_took_further_waits_for_this_one(topic: MemoryTopic, connect: Open) -> None:
    topic.add()
    ahead = connect(last_id="0:1,1:0")
    topic.add()
    assert (await ahead.next("signal")).data["id"] == "0:1"


@pytest.mark.parametrize(
    ("last_id", "reason"),
    [
        ("nonsense", "'nonsense' is no id of this stream"),
        ("0:99,1:0", "partition 0 has no 99"),
        ("0:1,1:0", "partition 0 has no 1"),
        ("7:1", "the id names partition 7, but there are 2"),
    ],
)
async def test_an_id_that_is_not_there_any_more_is_a_reset(
    topic: MemoryTopic, connect: Open, last_id: str, reason: str
) -> None:
    for _ in range(5):
        topic.add()
    topic.delete_before(3)
    reading = connect(last_id=last_id)
    reset = await reading.next()
    assert (reset.name, reset.id, reset.data) == ("reset", None, {"reason": reason})
    assert (await reading.next()).name == "snapshot"
    topic.add()
    assert (await reading.next()).data["id"] == "0:5"


async def test_another_topic_in_its_place_is_a_reset(topic: MemoryTopic, connect: Open) -> None:
    topic.add(), topic.add()
    reading = connect()
    await reading.next("snapshot")
    topic.records[0].clear()
    assert (await reading.next()).name == "reset"
    assert (await reading.next()).name == "snapshot"
    topic.add()
    assert (await reading.next()).data["id"] == "0:0"


@pytest.mark.parametrize("intervals", [Intervals(progress=0.2)])
async def test_trouble_with_the_broker_is_waited_out(topic: MemoryTopic, connect: Open) -> None:
    topic.add()
    reading = connect()
    await reading.next("snapshot")
    topic.trouble = "no broker"
    while {each["status"] for each in (await reading.next("progress")).data["partitions"]} != {"unreachable"}:
        pass
    topic.trouble = ""
    topic.add()
    assert (await reading.next("signal")).data["id"] == "0:1"


@pytest.mark.parametrize("intervals", [Intervals(progress=0.2)])
async def test_progress_moves_the_id_on_where_nothing_matches(topic: MemoryTopic, connect: Open) -> None:
    reading = connect(StreamFilter(RUN, frozenset({"SPY"})))
    await reading.next("snapshot")
    topic.add(), topic.add()
    progress = await reading.next("progress")
    while progress.id != "0:2,1:0":
        progress = await reading.next("progress")
    told = {"partition": 0, "position": 2, "as_of": "2024-11-14T14:30:00Z", "status": "active"}
    assert progress.data["partitions"][0] == told


@pytest.mark.parametrize("intervals", [Intervals(heartbeat=0.05)])
async def test_a_quiet_stream_has_heartbeats(push: Push) -> None:
    pieces = push.client(StreamFilter(RUN), None).events()
    async with asyncio.timeout(20):
        async for piece in pieces:
            if piece == events.HEARTBEAT:
                break
    await pieces.aclose()


@pytest.mark.parametrize("hub", [{"linger": 0.1}])
async def test_the_reader_starts_with_the_first_client_and_stops_after_the_last(
    topic: MemoryTopic, connect: Open, push: Push
) -> None:
    topic.add()
    one, two = connect(), connect()
    await one.next("snapshot"), await two.next("snapshot")
    assert topic.tails == 1
    await one.close()
    assert len(push.hub.listeners) == 1
    await two.close()
    assert await asyncio.to_thread(topic.left.wait, 20)
    await connect().next("snapshot")
    assert topic.tails == 1


async def test_clients_that_want_the_same_share_what_is_made(topic: MemoryTopic, connect: Open) -> None:
    clients = [connect() for _ in range(20)]
    for each in clients:
        await each.next("snapshot")
    before = topic.made_json
    for _ in range(30):
        topic.add()
    for each in clients:
        await each.signals(30)
    assert topic.made_json - before == 30


@pytest.mark.parametrize("hub", [{"most_kept": 10}])
async def test_who_is_too_slow_is_cut_and_gets_the_rest_when_it_comes_again(topic: MemoryTopic, connect: Open) -> None:
    slow, quick = connect(), connect()
    last = (await slow.next("snapshot")).id
    await quick.next("snapshot")
    for _ in range(50):
        topic.add()
        await quick.signals(1)
    with pytest.raises(StopAsyncIteration):
        await slow.next()
    assert ids(await connect(last_id=last).signals(50)) == [f"0:{offset}" for offset in range(50)]


@pytest.mark.parametrize("hub", [{"back": 5, "most_kept": 40}])
async def test_cut_anywhere_nothing_is_missed_and_nothing_comes_twice(topic: MemoryTopic, connect: Open) -> None:
    chance = random.Random(3)
    reading = connect()
    last = (await reading.next("snapshot")).id
    came: list[str] = []
    written = 0
    while written < 600 or len(came) < written:
        for _ in range(chance.randrange(8) if written < 600 else 0):
            topic.add(chance.choice(["AAPL", "SPY"]), chance.randrange(2))
            written += 1
        for event in await reading.signals(min(written - len(came), chance.randrange(10))):
            came.append(event.data["id"])
            last = event.id
        if chance.random() < 0.3:
            await reading.close()
            reading = connect(last_id=last)
    assert len(came) == len(set(came)) == written


async def test_a_worker_that_stops_ends_its_streams(topic: MemoryTopic, connect: Open, push: Push) -> None:
    reading = connect()
    await reading.next("snapshot")
    push.close()
    with pytest.raises(StopAsyncIteration):
        await reading.next()
