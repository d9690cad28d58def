"""Quix Streams, as its users would write it: one stateful function over a StreamingDataFrame.

State is theirs: RocksDB with a changelog, written every five seconds (their default), at least once.
Avro goes through fastavro alone, which costs less than their own serializer with the registry's client.
"""

import os
import sys
from typing import Any

from quixstreams import Application, State
from quixstreams.models import Deserializer, SerializationContext, Serializer

from tests.bench.peers.arithmetic import Record, advance, new_window, slot
from tests.bench.peers.wire import Wire


class BarDeserializer(Deserializer):
    """Bars from their bytes."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def __call__(self, value: bytes, ctx: SerializationContext) -> Record:
        return self._wire.bar(value)


class SignalSerializer(Serializer):
    """Signals to their bytes."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def __call__(self, value: Record, ctx: SerializationContext) -> bytes:
        return self._wire.signal(value)


class BenchApplication(Application):
    """Theirs, which says for the bench when it begins to fetch."""

    def _on_assign(self, consumer: Any, topic_partitions: Any) -> None:
        super()._on_assign(consumer, topic_partitions)
        if topic_partitions:
            sys.stdout.write("READY\n")
            sys.stdout.flush()


def signal_of(bar: Record, state: State) -> Record:
    """Take a bar of the key's symbol into its state; the signal."""
    window = state.get("window") or new_window()
    signal = advance(window, bar)
    state.set("window", window)
    state.set(f"signal-{slot(window)}", signal)
    return signal


def main() -> None:
    app = BenchApplication(
        broker_address=os.environ["KAFKA_BOOTSTRAP"],
        consumer_group=os.environ["APP_ID"],
        auto_offset_reset="earliest",
        state_dir=os.environ["STATE_DIR"],
        consumer_extra_config={"session.timeout.ms": 10_000, "heartbeat.interval.ms": 3000},
        producer_extra_config={"compression.type": "zstd"},
    )
    wire = Wire()
    bars = app.topic(os.environ["RAW_TOPIC"], value_deserializer=BarDeserializer(wire), key_deserializer="str")
    signals = app.topic(os.environ["SIGNALS_TOPIC"], value_serializer=SignalSerializer(wire), key_serializer="str")
    app.dataframe(bars).apply(signal_of, stateful=True).to_topic(signals)
    app.run()


if __name__ == "__main__":
    main()
