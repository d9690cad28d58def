"""OpenTelemetry traces, where TRACES_ENDPOINT is set and the extra `otel` is installed.

A worker makes one span for each batch that it committed, with links to the spans in which the records were sent. The
producer makes one for all that it sends within a second, and puts its context on each record (header `traceparent`, as
W3C's Trace Context has it), so that records of other programs are linked in the same way.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from app.engine.batch import Batch
from app.settings import Settings, SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Link, Span

Headers = list[tuple[str, str | bytes | None]]

#: OpenTelemetry's own limit for a span.
MOST_LINKS = 128

#: How long a span of the producer goes on.
SEND_SECONDS = 1.0

#: How long the end of a process may wait for a collector.
CLOSE_SECONDS = 2.0

_TRACEPARENT = "traceparent"
_SYSTEM = {"messaging.system": "kafka"}


class Traces:
    """Spans of one process, on their way to a collector in the background; without one they are dropped."""

    def __init__(self, service: str, exporter: "SpanExporter") -> None:
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        # Nothing may be sent at exit for as long as a collector takes: `close` has a limit.
        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("stock-signals")

    def batch(self, batch: Batch, seconds: float) -> None:
        """Note a batch that was committed so many seconds after an agent took it."""
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind

        end = time.time_ns()
        span = self._tracer.start_span(
            f"process {batch.tp.topic}",
            context=Context(),
            kind=SpanKind.CONSUMER,
            start_time=end - int(seconds * 1e9),
            links=links(record_headers(batch.records)),
            attributes=_SYSTEM
            | {
                "messaging.operation.type": "process",
                "messaging.destination.name": batch.tp.topic,
                "messaging.destination.partition.id": str(batch.partition),
                "messaging.batch.message_count": len(batch.records),
                "messaging.kafka.offset": batch.start,
                "stocks.last_offset": batch.end - 1,
            },
        )
        span.end(end)

    def sending(self, topic: str, clock: Callable[[], float] = time.monotonic) -> "Sending":
        """For a producer: what to put on each record. `clock` counts seconds."""
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind

        attributes = _SYSTEM | {"messaging.operation.type": "send", "messaging.destination.name": topic}
        return Sending(
            lambda: self._tracer.start_span(
                f"send {topic}", context=Context(), kind=SpanKind.PRODUCER, attributes=attributes
            ),
            clock,
        )

    def close(self) -> None:
        """Send what is left, for as long as `CLOSE_SECONDS`; blocks."""
        self._provider.force_flush(int(CLOSE_SECONDS * 1000))
        self._provider.shutdown()


class Sending:
    """One span for all that is sent within a second."""

    def __init__(self, start: Callable[[], "Span"], clock: Callable[[], float]) -> None:
        self._start = start
        self._clock = clock
        self._span: Span | None = None
        self._count = 0
        self._until = 0.0
        self._headers: Headers = []

    def headers(self) -> Headers:
        """The headers for the next record."""
        now = self._clock()
        if self._span is None or now > self._until:
            self.end()
            self._span, self._until = self._start(), now + SEND_SECONDS
            context = self._span.get_span_context()
            sampled = int(context.trace_flags)
            value = f"00-{context.trace_id:032x}-{context.span_id:016x}-{sampled:02x}"
            self._headers = [(_TRACEPARENT, value.encode())]
        self._count += 1
        return self._headers

    def end(self) -> None:
        """End the span, if there is one."""
        if self._span is not None:
            self._span.set_attribute("messaging.batch.message_count", self._count)
            self._span.end()
        self._span, self._count = None, 0


def record_headers(records: Iterable[Any]) -> Iterable[bytes]:
    """The trace contexts of Kafka records, each once, at most as many as a span may link to."""
    found: dict[bytes, None] = {}
    for record in records:
        for name, value in getattr(record, "headers", None) or ():
            if name == _TRACEPARENT and value and value not in found:
                found[value] = None
        if len(found) >= MOST_LINKS:
            break
    return found


def links(contexts: Iterable[bytes]) -> "Sequence[Link]":
    """Links to these contexts; bytes that are no context, as in a stranger's header, are left out."""
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    propagator = TraceContextTextMapPropagator()
    found = []
    for value in contexts:
        carrier = {_TRACEPARENT: value.decode("ascii", "replace")}
        context = trace.get_current_span(propagator.extract(carrier)).get_span_context()
        if context.is_valid:
            found.append(trace.Link(context))
    return found


def traces(settings: Settings, service: str) -> Traces | None:
    """What TRACES_ENDPOINT asks for; None where it is not set. Raises SettingsError without the extra.

    OpenTelemetry's own variables (OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, …) hold as well.
    """
    if settings.traces_endpoint is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise SettingsError(
            ["TRACES_ENDPOINT needs OpenTelemetry: pip install 'stock-signals[otel]', or unset it"]
        ) from None
    return Traces(service, OTLPSpanExporter(settings.traces_endpoint, timeout=CLOSE_SECONDS))
