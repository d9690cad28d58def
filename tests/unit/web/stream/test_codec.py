"""Signals of the topic as batches and as JSON, the same as lists answer."""

import asyncio
import json
import math
from collections.abc import Sequence
from functools import cache
from typing import Any, cast

from confluent_kafka import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from app.avro.serde import Encoder
from app.domain.records import Signal
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.unit.avro.test_columns import SIGNALS
from tests.unit.records import SIGNAL
from tests.unit.web.made_series import pullback, series
from web.signal_out import signal_out
from web.stream.codec import SignalCodec


class Line:
    """A message of Kafka's, as far as it is looked at."""

    def __init__(self, offset: int, value: bytes | None) -> None:
        self._offset, self._value = offset, value

    def topic(self) -> str:
        return "stocks.signals"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def value(self) -> bytes | None:
        return self._value


@cache
def made() -> tuple[Encoder, SignalCodec]:
    registry, encoder = SchemasInMemory(), Encoder("signal")
    asyncio.run(encoder.register(registry, "signals"))
    return encoder, SignalCodec(registry)


def codec_and_messages(signals: Sequence[Any]) -> tuple[SignalCodec, list[Message]]:
    encoder, codec = made()
    values = [encoder.encode(signal) for signal in signals]
    return codec, cast(list[Message], [Line(offset, value) for offset, value in enumerate(values)])


def as_answered(signal: Signal) -> Any:
    return json.loads(signal_out(signal).model_dump_json())


def test_as_lists_answer_one_by_one_and_in_columns() -> None:
    signals = series("run", 'A"\\\n\u2028é', pullback()).signals()
    signals[3] = {**signals[3], "split": {"previous_close": 96.2, "open": 24.1}}
    signals[4] = {**signals[4], "own_reason": 'a "reason"', "own_indicators": {"one": 1.5, "two": None}}
    codec, messages = codec_and_messages(signals)
    batch = codec.batch(messages, (0,), (len(messages),))
    wanted = list(map(as_answered, signals))
    assert [json.loads(line) for line in codec.json(batch.records)] == wanted
    assert [json.loads(line) for record in batch.records for line in codec.json([record])] == wanted


@settings(max_examples=50, deadline=None)
@given(st.lists(SIGNALS, min_size=16, max_size=18))
def test_whatever_is_written_is_json_and_the_same_in_columns(signals: list[dict[str, Any]]) -> None:
    codec, messages = codec_and_messages(signals)
    records = codec.batch(messages, (0,), (len(messages),)).records
    lines = codec.json(records)
    for line, record in zip(lines, records, strict=True):
        assert b"\n" not in line
        [alone] = codec.json([record])
        assert json.loads(line, parse_constant=no_constant) == json.loads(alone, parse_constant=no_constant)


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def test_what_filters_ask() -> None:
    signals = series("run", "AAPL", pullback()).signals()
    for some in (signals, signals[:3]):
        codec, messages = codec_and_messages(some)
        batch = codec.batch(messages, (0,), (len(some),))
        assert [
            (each.run_id, each.symbol, each.is_transition, each.timestamp, each.revision) for each in batch.records
        ] == [
            (each["run_id"], each["symbol"], each["transition"], each["timestamp"], each["revision"]) for each in some
        ]
        assert batch.newest == max((each["emitted_at"], "run") for each in some)


def test_what_is_no_signal_is_left_out() -> None:
    codec, messages = codec_and_messages([SIGNAL] * 20)
    bad = [Line(20, b"nonsense"), Line(21, None), Line(22, cast(bytes, messages[0].value())[:-1])]
    batch = codec.batch([*messages, *cast(list[Message], bad)], (0,), (23,))
    assert [record.offset for record in batch.records] == list(range(20))
    assert batch.after == (23,)


def test_what_is_no_number_is_null() -> None:
    codec, messages = codec_and_messages([{**SIGNAL, "close": math.nan}] * 20)
    records = codec.batch(messages, (0,), (20,)).records
    for line in [*codec.json(records), *codec.json(records[:1])]:
        assert json.loads(line, parse_constant=no_constant)["close"] is None
