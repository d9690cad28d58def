"""The models of answers for the page."""

from pydantic import Field

from app.domain.records import Action
from web.models import ApiModel, Complete, PartitionOut, Partitions, RunId, Symbol, Time


class MarketOut(ApiModel):
    """Whether the New York Stock Exchange is open, by its calendar of regular sessions."""

    now: Time = Field(description="The worker's clock, UTC.")
    open: bool = Field(description="Whether a regular session is going on.")
    last_change: Time | None = Field(description="When it opened or closed last, UTC; null outside 1990 to 2099.")
    next_change: Time | None = Field(description="When it closes or opens next, UTC; null outside 1990 to 2099.")


class SessionOut(ApiModel):
    """Where each symbol stands in the session of the run's newest bar."""

    run_id: RunId | None = Field(description="Null while there is no run at all.")
    session_open: Time | None = Field(description="When that session opened, UTC; null outside 1990 to 2099.")
    next_open: Time | None = Field(description="When the session after it opens, UTC; null outside 1990 to 2099.")
    complete: Complete
    partitions: Partitions
    symbols: list[Symbol] = Field(description="All symbols of the run, ascending.")
    opens: list[float | None] = Field(
        description="For each symbol the open of its first bar in the session, in its currency; null without one."
    )
    transitions: list[Time | None] = Field(
        description="For each symbol the start of the newest bar whose action differs from the one before, UTC; null "
        "without one among the bars that are kept."
    )
    actions: list[Action | None] = Field(description="For each symbol the action of that bar.")


class HeldPartitionOut(PartitionOut):
    """A partition of the topic of bars, and whether the worker that answers holds it."""

    here: bool = Field(description="Whether this worker holds it.")


class BatchesOut(ApiModel):
    """How long batches took since the worker started."""

    count: int = Field(description="How many batches.")
    records: int = Field(description="How many records they held.")
    median_seconds: float | None = Field(description="Half of them took at most so many seconds, from a histogram.")
    p99_seconds: float | None = Field(description="Of 100 batches, 99 took at most so many seconds, from a histogram.")


class WorkerOut(ApiModel):
    """The worker that answers, and what it knows of the others."""

    version: str = Field(description="Of stock-signals.")
    versions: dict[str, str] = Field(description="Of Python and of the libraries that matter most.")
    strategy: str = Field(description="Periods, thresholds and version of the rule.")
    status: str = Field(description="ok; recovering: tables are being restored; degraded: see reasons.")
    reasons: list[str] = Field(description="Why the worker is not ready, in sentences; empty when it is.")
    address: str = Field(description="Base URL under which other workers know this one.")
    started_at: Time = Field(description="When the API started, UTC.")
    uptime_seconds: float = Field(description="Seconds since then.")
    workers: list[str] = Field(description="Base URLs of all workers that hold partitions, as far as known.")
    partitions: list[HeldPartitionOut] = Field(description="All partitions, as their workers say.")
    batches: BatchesOut
    bars: dict[str, int] = Field(description="How many bars this worker has processed, by what happened to them.")
    signals: dict[str, int] = Field(description="How many signals this worker has emitted, by action.")
    dead_letters: dict[str, int] = Field(description="How many records went to the dead letters, by reason.")
    retries: dict[str, int] = Field(description="How many waits there were, by what was unreachable or full.")


class DeadLetterOut(ApiModel):
    """A record that could not be processed."""

    partition: int = Field(description="Where the letter is on the topic of dead letters: partition, from 0.")
    offset: int = Field(description="Where the letter is on the topic of dead letters: offset.")
    reason: str | None = Field(description="What kind of fault it is; null where its headers do not say.")
    exception: str | None = Field(description="The fault in a sentence; null where its headers do not say.")
    source: str | None = Field(
        description="Topic, partition and offset of the record; null where its headers do not say.",
        examples=["stocks.raw.avro[1]@392"],
    )
    time: Time | None = Field(description="When the record was sent, UTC; null where its headers do not say.")
    key: str | None = Field(description="The record's key, usually a symbol.")
    value: str | None = Field(description="The first bytes of its value, in hexadecimal; null without a value.")
    value_bytes: int = Field(description="How many bytes the value has.")


class DeadLettersOut(ApiModel):
    """The newest dead letters of all partitions."""

    read: int = Field(description="How many were read: the newest of each partition.")
    reasons: dict[str, int] = Field(description="How many of those read have each reason.")
    letters: list[DeadLetterOut] = Field(description="The newest of those read, the newest first.")
