"""GET /stream on a real broker: a snapshot, then each signal once, on any worker."""

from tests.integration.bars import random_bars
from tests.integration.conftest import Deploy
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
