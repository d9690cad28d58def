"""GET /stream on a real broker: a snapshot, then each signal once, on any worker."""

from collections import Counter
from collections.abc import Callable

from app.domain.records import Signal
from tests.integration.conftest import Deploy
from tests.integration.random_bars import random_bars
from tests.integration.stream_client import StreamClient


def test_a_snapshot_then_signals_then_a_resume(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    bars = list(random_bars(symbols=10, minutes=40, seed=4))
    worker = deployment.start_worker().wait_ready()
    deployment.send(bars[:200])
    deployment.settle()
    with StreamClient(worker.url) as client:
        [snapshot] = client.take(1, "snapshot")
        assert client.retry is not None
        assert 1000 <= client.retry <= 4000
        assert snapshot.data["complete"], snapshot.data["partitions"]
        assert snapshot.data["run_id"] == "test"
        listed = worker.get("/signals?limit=10").json()["signals"]
        assert {each["symbol"]: each for each in snapshot.data["signals"]} == {each["symbol"]: each for each in listed}
        deployment.send(bars[200:300])
        first = client.take(100)
    deployment.send(bars[300:])
    deployment.settle()
    with StreamClient(worker.url, last_id=first[49].id) as client:
        missed = client.take(150)
    # In order within a symbol, whatever the order of partitions.
    for symbol in {event.data["symbol"] for event in missed}:
        minutes = [event.data["timestamp"] for event in missed if event.data["symbol"] == symbol]
        assert minutes == sorted(minutes)
    sent = {signal["id"] for signal in deployment.signals()}
    at_start = {signal["id"] for signal in deployment.signals() if signal["bars_seen"] <= 20}
    came = [event.data["id"] for event in first[:50] + missed]
    assert len(came) == len(set(came))
    assert set(came) == sent - at_start
    newest = {event.data["symbol"]: event.data for event in missed}
    assert list(newest.values()) == [
        signal for symbol in newest for signal in worker.get(f"/signals/{symbol}?limit=1").json()["signals"]
    ]


def test_older_than_memory_filtered_and_on_a_worker_that_made_none_of_it(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    first = deployment.start_worker("first").wait_ready()
    deployment.send(random_bars(symbols=60, minutes=100, seed=4))
    deployment.send(random_bars(symbols=2, minutes=3, seed=5, run_id="later"))
    deployment.settle()
    assert first.terminate(30) == 0
    # It takes the partitions over; what it is asked for is older than what a reader begins with.
    second = deployment.start_worker("second").wait_ready()
    sent = deployment.signals()
    queries: dict[str, Callable[[Signal], bool]] = {
        "run=test&last_event_id=0:0": lambda signal: signal["run_id"] == "test",
        "run=test&symbols=S0003,s0007&last_event_id=0:0": lambda signal: signal["symbol"] in ("S0003", "S0007"),
        "run=test&transitions=true&last_event_id=0:0": lambda signal: signal["transition"],
        "run=later&last_event_id=0:0": lambda signal: signal["run_id"] == "later",
    }
    for query, matches in queries.items():
        wanted = [signal["id"] for signal in sent if matches(signal)]
        assert wanted, query
        with StreamClient(second.url, query) as client:
            assert Counter(event.data["id"] for event in client.take(len(wanted))) == Counter(wanted), query
    with StreamClient(second.url) as client:
        [snapshot] = client.take(1, "snapshot")
        assert (snapshot.data["run_id"], snapshot.data["run_reason"]) == ("later", "newest replay: no live run")
        assert len(snapshot.data["signals"]) == 2
    with StreamClient(second.url, "run=test", last_id="0:1000000000,1:0") as client:
        reset, snapshot = (event for event, _ in zip(client.events(), range(2), strict=False))
        assert reset.name == "reset"
        assert "it is another topic" in reset.data["reason"]
        assert (snapshot.name, len(snapshot.data["signals"])) == ("snapshot", 60)


def test_a_run_that_has_no_bars_yet(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    worker = deployment.start_worker().wait_ready()
    with StreamClient(worker.url) as client, StreamClient(worker.url, "run=test") as named:
        for each, run_id in ((client, None), (named, "test")):
            [snapshot] = each.take(1, "snapshot")
            assert (snapshot.data["run_id"], snapshot.data["signals"]) == (run_id, [])
        deployment.send(random_bars(symbols=3, minutes=4, seed=4))
        came = [{event.data["id"] for event in each.take(12)} for each in (client, named)]
    assert came == [{signal["id"] for signal in deployment.signals()}] * 2
