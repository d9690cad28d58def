"""Stock Faust, as its documentation shows it: an agent that takes one event after another, and two tables.

Tables are theirs: RocksDB with changelogs. Delivery is Faust's default, at least once.
"""

import os
from typing import Any

import faust
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic
from faust.serializers import codecs

from tests.bench.peers.arithmetic import Record, advance, new_window, slot
from tests.bench.peers.wire import Wire

STORE: dict[str, Any] = {"store": "rocksdb://", "options": {"driver": "rocksdict"}}


class BarCodec(codecs.Codec):
    """Bars from their bytes."""

    def _loads(self, s: bytes) -> Any:
        return _WIRE.bar(s)


class FaustSignalCodec(codecs.Codec):
    """Signals to their bytes."""

    def _dumps(self, obj: Any) -> bytes:
        return _WIRE.signal(obj)


_WIRE = Wire()
codecs.register("bar", BarCodec())
codecs.register("signal", FaustSignalCodec())

app = faust.App(
    os.environ["APP_ID"],
    broker=f"kafka://{os.environ['KAFKA_BOOTSTRAP']}",
    datadir=f"{os.environ['STATE_DIR']}/faust",
    web_enabled=False,
    topic_disable_leader=True,
    topic_partitions=int(os.environ.get("PARTITIONS", "8")),
    broker_session_timeout=10.0,
    broker_heartbeat_interval=3.0,
    producer_compression_type="zstd",
    producer_linger=0.005,
    consumer_auto_offset_reset="earliest",
)
bars = app.topic(os.environ["RAW_TOPIC"], key_type=str, value_serializer="bar", key_serializer="raw")
signals = app.topic(os.environ["SIGNALS_TOPIC"], key_type=str, value_serializer="signal", key_serializer="raw")
windows = app.Table("windows", **STORE)
kept = app.Table("signals", **STORE)


@app.agent(bars)
async def process(stream: faust.StreamT[Record]) -> None:
    async for symbol, bar in stream.items():
        key = str(symbol)
        window = windows.get(key) or new_window()
        signal = advance(window, bar)
        windows[key] = window
        kept[f"{key}:{slot(window)}"] = signal
        await signals.send(key=key, value=signal)


@app.on_partitions_assigned.connect
async def assigned(_: Any, /, *places: Any, **__: Any) -> None:
    """Say for the bench that it begins to fetch; with empty tables there is nothing to restore first."""
    if any(places):
        # Past Faust, which makes log lines of what goes to stdout.
        os.write(1, b"READY\n")


def make_changelogs() -> None:
    """Make the changelogs first: Faust refuses records while it has not seen those that it made itself."""
    admin = AdminClient({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP"]})
    partitions = len(admin.list_topics(timeout=10).topics[os.environ["RAW_TOPIC"]].partitions)
    names = [table.changelog_topic.get_topic_name() for table in (windows, kept)]
    compacted = {"cleanup.policy": "compact"}
    made = admin.create_topics([NewTopic(name, partitions, 1, config=compacted) for name in names])
    for answer in made.values():
        try:
            answer.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


if __name__ == "__main__":
    make_changelogs()
    app.main()
