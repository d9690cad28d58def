"""What exactly once rests on: Kafka ends a transaction in each of its partitions, also while they have no leader.

Kafka 4.3.0 to 4.4.0 do not (KAFKA-20734). After a hang of the broker for longer than its session, transactions
count as committed or aborted, and yet nothing marks the end of their records; so the partition's next transaction
takes them along, and with a batch written again that is each signal twice.
"""

import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import cast

import psutil
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from app.kafka.broker import Broker
from app.kafka.clients import producer_config
from tests.harness.chaos.topic_records import ends, read_all
from tests.integration.own_broker import MakeBroker
from tests.integration.stack_settings import settings_for
from tests.integration.waiting import eventually

TOPIC = "written"
PARTITIONS = 24

#: A little longer than the broker's session (broker.session.timeout.ms in app/stack/kafka.py).
HANG_SECONDS = 4.2

#: Of Kafka 4.3.1, every second or third lost a marker.
HANGS = 4

#: Transactions of each producer before each hang, and after the last.
TRANSACTIONS = 10


def test_a_broker_that_was_away_for_longer_than_its_session_marks_the_end_of_each_transaction(
    make_broker: MakeBroker,
) -> None:
    own = make_broker()
    settings = settings_for(own.status, partitions=PARTITIONS)
    client = Broker(settings)
    for made in client.admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)]).values():
        made.result(30)
    done = dict.fromkeys(range(PARTITIONS), 0)
    stop = threading.Event()

    def write(partition: int) -> None:
        """One record a transaction, again and again."""
        producer = Producer(producer_config(settings) | {"transactional.id": f"id-{partition}"})
        producer.init_transactions(30)
        while not stop.is_set():
            producer.begin_transaction()
            producer.produce(TOPIC, b"value", b"key", partition)
            producer.commit_transaction(30)
            done[partition] += 1

    with ThreadPoolExecutor(PARTITIONS) as threads:
        writing = [threads.submit(write, partition) for partition in done]
        try:
            wait_for_transactions(done)
            broker = psutil.Process(own.status.kafka_pid)
            for _ in range(HANGS):
                broker.suspend()
                # Nothing can be awaited of a process that stands still.
                time.sleep(HANG_SECONDS)
                broker.resume()
                wait_for_transactions(done)
        finally:
            stop.set()
        for each in writing:
            each.result()

    # The last markers may come a little after the commits.
    eventually(lambda: ends(settings, TOPIC) == ends(settings, TOPIC, committed=False), 30)
    offsets = defaultdict(list)
    for message in read_all(settings, TOPIC):
        offsets[message.partition()].append(cast(int, message.offset()))
    assert {partition: len(found) for partition, found in offsets.items()} == done
    # A marker takes an offset too: records side by side are in one transaction.
    together = {partition: [a for a, b in pairwise(found) if b == a + 1] for partition, found in offsets.items()}
    assert {partition: found for partition, found in together.items() if found} == {}


def wait_for_transactions(done: dict[int, int]) -> None:
    """Wait until each partition has so many more."""
    before = dict(done)
    eventually(lambda: all(done[each] >= before[each] + TRANSACTIONS for each in done), 60)
