"""More than a worker can take at once: its memory stays bounded, a quiet partition does not wait for a busy one."""

from confluent_kafka import Producer

from app.kafka.clients import producer_config
from tests.harness.pressure.onlooker import looking_on
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.integration.random_bars import random_bars
from tests.integration.waiting import eventually

#: Unpacked; a fetch of one megabyte brings them all, for they are packed to almost nothing.
LARGE_RECORDS = 1200
LARGE_BYTES = 900_000

#: docs/operate.md derives less for two partitions and no windows. It took 320 MiB at most, 1,270 with batches that the
#: garbage collector has to find, and 1,400 with batches that no sum of bytes bounds.
MOST_BYTES = 550 * 2**20


def send_large(deployment: Deployment, partition: int) -> None:
    """Records that are no bars."""
    producer = Producer(producer_config(deployment.settings))
    for number in range(LARGE_RECORDS):
        value = b"%d" % number + b"x" * LARGE_BYTES
        producer.produce(deployment.topics.raw.name, value, b"large", partition)
        if number % 50 == 0:
            producer.flush(30)
    assert producer.flush(60) == 0


def test_a_gigabyte_in_one_partition_takes_no_gigabyte_of_memory_and_the_other_partition_goes_on(
    deploy: Deploy,
) -> None:
    deployment = deploy(partitions=2)
    bars = list(random_bars(20, 200, seed=5))
    deployment.send(bars)
    busy = 0
    send_large(deployment, busy)
    worker = deployment.start_worker()
    worker.wait_ready()
    with looking_on(worker, per_second=10) as seen:
        quiet = deployment.watermarks(deployment.topics.raw)[1 - busy][1]
        eventually(lambda: deployment.counts(deployment.topics.signals)[1 - busy] == quiet, 60)
        left = LARGE_RECORDS - letters(deployment)
        deployment.settle()
    assert letters(deployment) == LARGE_RECORDS
    assert deployment.count(deployment.topics.signals) == len(bars)
    assert left > 0, "the quiet partition waited until the busy one was done"
    assert max(seen.lags, default=0) > 0, "the lag was never told"
    assert not seen.unanswered
    assert seen.peak_bytes < MOST_BYTES, f"{seen.peak_bytes / 2**20:.0f} MiB"


def letters(deployment: Deployment) -> int:
    return deployment.count(deployment.topics.dead_letters)
