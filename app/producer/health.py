"""The producer's answers to /health and /ready."""

from pydantic import BaseModel, Field

from app.domain.records import Origin
from app.producer.runner import Runner, Status
from app.sources.fault_counter import FaultCounter
from app.times import iso


class Health(BaseModel):
    """How far the producer is, and what it waits for."""

    status: Status = Field(
        description="waiting: for broker, registry or the source's server, which may come back; failed: for good."
    )
    doing: str | None = Field(description="What the source waits for or is busy with, for example the next session.")
    messages_sent: int = Field(description="Bars that Kafka has acknowledged.")
    last_error: str | None = Field(description="Why it waits or failed, and the fix; null when all is well.")
    source: str = Field(description="Where the bars come from, for example csv:bars.csv.")
    origin: Origin = Field(description="synthetic: made up by this project, not market data.")
    run_id: str = Field(description="The series that the bars belong to; ask the API for it with ?run=.")
    records_read: int = Field(description="How much of the source was read: sent, skipped and filtered out.")
    records_total: int | None = Field(description="How much there is in all; null where nobody can say.")
    records_skipped: int = Field(description="Records that are no bars.")
    last_skipped: str | None = Field(description="Which of them was the last, and why.")
    requests_last_minute: int | None = Field(
        description="Requests made to the source's server in the last 60 seconds; null where there is none."
    )
    queue_length: int = Field(description="Bars sent that Kafka has not acknowledged yet.")
    delivery_failures: int = Field(description="Bars that did not arrive.")
    bars_per_second: float = Field(description="Acknowledged bars a second since the first.")
    started_at: str | None = Field(description="When it began to send, UTC.")
    ended_at: str | None = Field(description="When it ended, UTC.")
    last_sent_at: str | None = Field(description="When the last bar was sent, UTC.")
    last_bar_at: str | None = Field(description="The start of that bar's minute, UTC.")
    newest_bar_at: str | None = Field(
        description="The start of the newest minute that a bar was sent of, UTC: last_bar_at may be a correction."
    )
    broker: str | None = Field(description="The broker's address; null while nobody says where it is.")


class Ready(BaseModel):
    """Whether bars go to Kafka, or are all there."""

    ready: bool = Field(description="Whether they do.")
    reasons: list[str] = Field(description="Why not, in sentences; empty when they do.")


def ready(runner: Runner) -> Ready:
    """Not while it waits for broker, registry or the source's server, nor once it failed or was stopped."""
    if runner.status in ("running", "finished"):
        return Ready(ready=True, reasons=[])
    return Ready(ready=False, reasons=[runner.last_error or f"The producer is {runner.status}."])


def health(runner: Runner, faults: FaultCounter, broker: str | None) -> Health:
    """The runner's state for a person."""
    delivery, source = runner.delivery, runner.source
    return Health(
        status=runner.status,
        doing=runner.doing,
        messages_sent=runner.acknowledged,
        last_error=runner.last_error,
        source=source.name,
        origin=source.origin,
        run_id=source.run_id,
        records_read=source.read,
        records_total=source.total,
        records_skipped=faults.count,
        last_skipped=faults.last,
        requests_last_minute=source.requests_last_minute,
        queue_length=delivery.waiting if delivery else 0,
        delivery_failures=delivery.failed if delivery else 0,
        bars_per_second=round(runner.bars_per_second, 1),
        started_at=_iso(runner.started_at),
        ended_at=_iso(runner.ended_at),
        last_sent_at=_iso(runner.last_sent_at),
        last_bar_at=iso(runner.last_bar["timestamp"]) if runner.last_bar else None,
        newest_bar_at=None if runner.newest_ms is None else iso(runner.newest_ms),
        broker=broker,
    )


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else iso(round(seconds * 1000))
