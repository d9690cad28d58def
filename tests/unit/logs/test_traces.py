"""Spans of batches and of what is sent, on their way to a collector."""

import sys
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from app.engine.batch import Batch
from app.logs.traces import MOST_LINKS, SEND_SECONDS, Traces, traces
from app.settings import Settings, SettingsError
from tests.unit.engine.made import SOURCE, Rec, records

PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass(slots=True)
class Sent(Rec):
    """A fetched record as aiokafka has it."""

    headers: Any = field(default=())


def batch(*found: Any) -> Batch:
    return Batch(SOURCE, found, 10, 10 + len(found), 1)


def spans_of(*batches: Batch) -> tuple[ReadableSpan, ...]:
    exporter = InMemorySpanExporter()
    tracing = Traces("stock-signals", exporter)
    for each in batches:
        tracing.batch(each, 0.25)
    tracing.close()
    return exporter.get_finished_spans()


def test_a_batch_is_one_span_that_says_what_it_read() -> None:
    [span] = spans_of(Batch(SOURCE, records(10, 12), 10, 14, 1))
    assert (span.name, span.kind, span.parent) == ("process stocks.raw.avro", SpanKind.CONSUMER, None)
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.end_time - span.start_time == 250_000_000
    assert dict(span.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": "stocks.raw.avro",
        "messaging.destination.partition.id": "0",
        "messaging.batch.message_count": 2,
        "messaging.kafka.offset": 10,
        "stocks.last_offset": 13,
    }
    assert span.resource.attributes["service.name"] == "stock-signals"
    assert span.links == ()


def test_it_links_to_what_it_read_once_each() -> None:
    other = PARENT.replace(b"b7ad", b"c7ad")
    strangers = [("traceparent", b"\xff no context"), ("traceparent", None), ("other", PARENT)]
    found = [Sent(0, headers=[("traceparent", PARENT)])] * 3 + [Sent(1, headers=strangers), Sent(2)]
    [span] = spans_of(batch(*found, Sent(3, headers=(("traceparent", other),))))
    assert [f"{link.context.span_id:016x}" for link in span.links] == ["b7ad6b7169203331", "c7ad6b7169203331"]
    assert {f"{link.context.trace_id:032x}" for link in span.links} == {"0af7651916cd43dd8448eb211c80319c"}


def test_links_have_a_limit() -> None:
    many = [Sent(at, headers=[("traceparent", PARENT[:-7] + f"{at:04x}-01".encode())]) for at in range(1, 500)]
    [span] = spans_of(batch(*many))
    assert len(span.links) == MOST_LINKS


def test_what_is_sent_within_a_second_is_one_span_that_a_batch_links_to() -> None:
    exporter, now = InMemorySpanExporter(), [0.0]
    tracing = Traces("stock-signals-producer", exporter)
    sending = tracing.sending("stocks.raw.avro", lambda: now[0])
    headers = []
    for at in (0.0, 0.5, SEND_SECONDS, SEND_SECONDS + 0.1):
        now[0] = at
        headers.append(sending.headers())
    sending.end()
    sending.end()
    tracing.batch(batch(*(Sent(at, headers=each) for at, each in enumerate(headers))), 0.1)
    tracing.close()
    first, second, processed = exporter.get_finished_spans()
    assert (first.name, first.kind) == ("send stocks.raw.avro", SpanKind.PRODUCER)
    assert [(each.attributes or {})["messaging.batch.message_count"] for each in (first, second)] == [3, 1]
    assert [(link.context.trace_id, link.context.span_id) for link in processed.links] == [
        (each.context.trace_id, each.context.span_id) for each in (first, second)
    ]


def test_without_an_address_there_is_nothing() -> None:
    assert traces(Settings(), "stock-signals") is None


def test_without_the_extra_the_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError, match=r"pip install 'stock-signals\[otel\]'"):
        traces(Settings(traces_endpoint="http://127.0.0.1:1/v1/traces"), "stock-signals")


def test_a_collector_that_is_away_holds_nobody_up() -> None:
    tracing = traces(Settings(traces_endpoint="http://127.0.0.1:1/v1/traces"), "stock-signals")
    assert tracing is not None
    tracing.batch(batch(Rec(10)), 0.1)
    begun_at = time.monotonic()
    tracing.close()
    assert time.monotonic() - begun_at < 8
