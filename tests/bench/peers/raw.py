"""The raw loop: confluent-kafka, fastavro and RocksDB, as one writes it in an afternoon.

Windows are kept in memory. What changed goes to RocksDB about once a second, in one write with
the offsets up to which it holds; a restart goes on from these. So state is exact after a crash,
and the signals since the last write are sent twice: at least once. There is no changelog: who
loses the disk loses the windows, and a partition cannot move to another machine.
"""

import json
import os
import signal
import sys
from contextlib import closing
from time import monotonic
from typing import Any, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, Producer, TopicPartition
from rocksdict import Options, Rdict, WriteBatch

from tests.bench.peers.arithmetic import Record, advance, new_window, slot
from tests.bench.peers.wire import Wire

BATCH = 1000

#: How long to wait for a full batch: a quiet bar waits as long.
WAIT_SECONDS = 0.01

SAVE_SECONDS = 1.0


class Store:
    """Windows, signals and offsets: in memory until `save`."""

    def __init__(self, path: str) -> None:
        self._db = Rdict(path, Options(raw_mode=True))
        self._windows: dict[bytes, Record] = {}
        self._changed: set[bytes] = set()
        self._signals: dict[bytes, bytes] = {}
        self.offsets: dict[int, int] = {}

    def window(self, symbol: bytes) -> Record:
        """A symbol's window, which the caller changes."""
        self._changed.add(symbol)
        found = self._windows.get(symbol)
        if found is None:
            saved = self._db.get(b"window:" + symbol)
            found = self._windows[symbol] = json.loads(saved) if saved else new_window()
        return found

    def keep(self, symbol: bytes, number: int, value: bytes) -> None:
        """Keep a signal in its slot."""
        self._signals[b"signal:%d:" % number + symbol] = value

    def saved_offset(self, partition: int) -> int:
        """The next offset to read."""
        found = self._db.get(b"offset:%d" % partition)
        return int(found) if found else OFFSET_BEGINNING

    def save(self) -> None:
        """Write everything since the last time, whole or not at all."""
        batch = WriteBatch(raw_mode=True)
        for symbol in self._changed:
            batch.put(b"window:" + symbol, json.dumps(self._windows[symbol]).encode())
        for key, value in self._signals.items():
            batch.put(key, value)
        for partition, offset in self.offsets.items():
            batch.put(b"offset:%d" % partition, b"%d" % offset)
        self._db.write(batch)
        self._changed.clear()
        self._signals.clear()

    def close(self) -> None:
        self._db.close()


def main() -> None:
    raw, wire, running = os.environ["RAW_TOPIC"], Wire(), True

    def stop(*_: object) -> None:
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    with closing(Store(f"{os.environ['STATE_DIR']}/db")) as store, closing(_consumer()) as consumer:
        producer = _producer()

        def assigned(_: Consumer, places: list[TopicPartition]) -> None:
            consumer.assign(
                [TopicPartition(raw, each.partition, store.saved_offset(each.partition)) for each in places]
            )
            # For the bench, which reads it from a pipe.
            sys.stdout.write("READY\n")
            sys.stdout.flush()

        consumer.subscribe([raw], on_assign=assigned)
        saved = monotonic()
        while running:
            for message in consumer.consume(BATCH, WAIT_SECONDS):
                _process(message, wire, store, producer)
            if store.offsets and monotonic() > saved + SAVE_SECONDS:
                _save(raw, store, producer, consumer)
                saved = monotonic()
        if store.offsets:
            _save(raw, store, producer, consumer)


def _process(message: Message, wire: Wire, store: Store, producer: Producer) -> None:
    if error := message.error():
        raise KafkaException(error)
    key = cast(bytes, message.key())
    window = store.window(key)
    value = wire.signal(advance(window, wire.bar(cast(bytes, message.value()))))
    store.keep(key, slot(window), value)
    while True:
        try:
            producer.produce(os.environ["SIGNALS_TOPIC"], value, key, on_delivery=_delivered)
            break
        except BufferError:
            producer.poll(0.1)
    producer.poll(0)
    store.offsets[cast(int, message.partition())] = cast(int, message.offset()) + 1


def _delivered(error: Any, _: Message) -> None:
    if error:
        raise KafkaException(error)


def _save(raw: str, store: Store, producer: Producer, consumer: Consumer) -> None:
    """Signals first: what is saved has been sent."""
    producer.flush()
    store.save()
    consumer.commit(offsets=[TopicPartition(raw, *each) for each in store.offsets.items()], asynchronous=True)
    store.offsets.clear()


def _consumer() -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP"],
            "group.id": os.environ["APP_ID"],
            "session.timeout.ms": 10_000,
            "heartbeat.interval.ms": 3000,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )


def _producer() -> Producer:
    return Producer(
        {
            "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP"],
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "compression.type": "zstd",
            "linger.ms": 5,
            "queue.buffering.max.messages": 200_000,
        }
    )


if __name__ == "__main__":
    main()
