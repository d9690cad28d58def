"""`stocks produce` against a real Kafka that comes, goes and comes back."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest

from app.settings import Settings
from tests.integration.fixtures_stack import LocalStack, MakeStack
from tests.integration.producer_service import ProducerProcess
from tests.integration.producing import arrived, environment, popen

PATIENCE_S = 60.0


def settings_for(stack: LocalStack) -> Settings:
    return Settings(
        kafka_bootstrap=stack.status.kafka,
        schema_registry_url=stack.status.schema_registry,
        topic_prefix=f"t{uuid4().hex[:8]}.",
        partitions=2,
    )


@pytest.fixture
def serve() -> Iterator[Callable[..., ProducerProcess]]:
    """Starts `stocks produce …` on a port of its own."""
    children: list[subprocess.Popen[str]] = []

    def start(settings: Settings, *arguments: str) -> ProducerProcess:
        children.append(popen(["produce", *arguments], environment(settings, PRODUCER_PORT="0")))
        return ProducerProcess(children[-1])

    yield start
    for child in children:
        child.kill()
        child.communicate()


def test_it_sends_all_and_then_stays_up_until_it_is_told_to_stop(
    stack: LocalStack, serve: Callable[..., ProducerProcess]
) -> None:
    settings = settings_for(stack)
    service = serve(settings, "--symbols", "AAPL,SPY", "--run-id", "mine")
    health = service.until(lambda health: health["status"] == "finished")
    assert (health["messages_sent"], health["records_total"], health["queue_length"]) == (780, 780, 0)
    assert (health["run_id"], health["origin"], health["last_bar_at"]) == ("mine", "synthetic", "2024-11-14T20:59:00Z")
    assert (health["broker"], health["last_error"]) == (stack.status.kafka, None)
    assert len(arrived(settings)) == 780

    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(10) == 0


def test_sigterm_in_the_middle_leaves_nothing_half_sent(
    stack: LocalStack, serve: Callable[..., ProducerProcess]
) -> None:
    settings = settings_for(stack)
    service = serve(settings, "--symbols", "AAPL", "--speed", "20")
    service.until(lambda health: health["messages_sent"] > 5)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(10) == 0
    bars = [record.bar["timestamp"] for record in arrived(settings)]
    assert bars == list(range(bars[0], bars[0] + len(bars) * 60_000, 60_000))


def test_it_waits_for_a_cluster_that_is_away_and_loses_nothing(
    make_stack: MakeStack, serve: Callable[..., ProducerProcess]
) -> None:
    stack = make_stack()
    settings = settings_for(stack)
    stack.stop()
    service = serve(settings, "--symbols", "AAPL", "--speed", "40")
    health = service.until(lambda health: health["status"] == "waiting")
    assert stack.status.kafka in health["last_error"]
    assert health["messages_sent"] == 0

    stack.start()
    # It sends for ten seconds, so that the broker dies before it is through.
    service.until(lambda health: health["messages_sent"] > 20)
    stack.kill_kafka()
    health = service.until(lambda health: health["status"] == "waiting")
    assert health["last_error"]

    stack.start()
    health = service.until(lambda health: health["status"] not in ("waiting", "running"))
    assert (health["status"], health["messages_sent"], health["last_error"]) == ("finished", 390, None)
    assert health["delivery_failures"] == 0
    bars = [record.bar["timestamp"] for record in arrived(settings)]
    assert bars == list(range(bars[0], bars[0] + 390 * 60_000, 60_000))


def test_what_is_wrong_with_the_topics_is_a_failure_with_the_fix(
    stack: LocalStack, serve: Callable[..., ProducerProcess]
) -> None:
    settings = settings_for(stack)
    serve(settings, "--symbols", "AAPL").until(lambda health: health["status"] == "finished")
    other = settings.model_copy(update={"partitions": 3})
    health = serve(other, "--symbols", "AAPL").until(lambda health: health["status"] == "failed")
    assert "PARTITIONS=2" in health["last_error"]


def test_a_port_that_is_taken_is_an_error_with_its_number(
    stack: LocalStack, serve: Callable[..., ProducerProcess]
) -> None:
    settings = settings_for(stack)
    port = httpx.URL(serve(settings).url).port
    child = popen(["produce"], environment(settings, PRODUCER_PORT=str(port)))
    _, err = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use" in err
    assert "Traceback" not in err
