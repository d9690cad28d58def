"""The models of the API's answers: names as in the topics, units in the descriptions, times as ISO-8601 UTC."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.domain.records import Action, Origin, Reason
from web.partition_status import Status

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
BarStart = Annotated[Time, Field(description="Start of the bar's minute, UTC.", examples=["2024-11-14T14:30:00Z"])]
RunId = Annotated[
    str, Field(description="The series: bars of different runs never mix.", examples=["replay-2024-11-14-1f6a09c3"])
]
RunReason = Annotated[
    str,
    Field(
        description="Why it is this run: asked for; live; newest replay (or synthetic run): no live run; no run yet.",
        examples=["live"],
    ),
]
Symbol = Annotated[str, Field(description="Ticker.", examples=["AAPL"])]
Price = Annotated[float, Field(description="In the symbol's currency.")]
FastAverage = Annotated[
    float | None,
    Field(
        description="Average of the newest closes, as many as the strategy's fast period, in the symbol's currency; "
        "null before there are enough."
    ),
]
SlowAverage = Annotated[
    float | None,
    Field(
        description="Average of the newest closes, as many as the strategy's slow period, in the symbol's currency; "
        "null before there are enough."
    ),
]
Rsi = Annotated[
    float | None,
    Field(description="Wilder's RSI over the strategy's period, 0 to 100 points; null before there are enough closes."),
]
StrategyName = Annotated[
    str,
    Field(
        description="Periods in bars, thresholds in RSI points, and version of the rule.",
        examples=["sma20-sma50-rsi14-30-70/1"],
    ),
]
Synthetic = Annotated[
    bool, Field(description="Whether any of this was made up by this project: then it is not market data.")
]
OriginOf = Annotated[
    Origin,
    Field(description="live: as it happened; backfill: fetched later; replay: sent again; synthetic: not market data."),
]
Source = Annotated[str, Field(description="Program or file the bar came from.", examples=["csv:bars.csv"])]
Feed = Annotated[str, Field(description="The exchange feed behind it; empty where there is none.", examples=["iex"])]


class ApiModel(BaseModel):
    """Base of all answers: a value that is not finite is an error, never a NaN."""

    model_config = ConfigDict(allow_inf_nan=False)


class PartitionOut(ApiModel):
    """A partition of the topic of bars, and whether the answer has what is on it."""

    partition: int = Field(description="Kafka's number of the partition, from 0.")
    owner: str | None = Field(description="Base URL of the worker that holds it; null while none is known to.")
    position: int | None = Field(
        description="The next offset that its worker will process: every record before that offset is in the answer. "
        "Null where it is not known."
    )
    lag: int | None = Field(
        description="How many records are not processed yet, as of a second ago at most; null where it is not known."
    )
    as_of: Time | None = Field(description="When its worker read it, by that worker's clock, UTC; null without one.")
    status: Status = Field(
        description="active: it is in the answer; recovering: its worker restores its tables; unreachable: its worker "
        "does not answer in time; incompatible: its worker is of a version that this one cannot ask, as during an "
        "upgrade; unassigned: no worker is known for sure to have it, as while it is handed over."
    )


Complete = Annotated[
    bool, Field(description="Whether all partitions that this is about are in the answer: it is exact only then.")
]
Partitions = Annotated[
    list[PartitionOut],
    Field(description="The partitions that this is about, whoever holds them; for one symbol the one that it is on."),
]


class SplitOut(ApiModel):
    """What looks like a split."""

    previous_close: float = Field(description="The close before, in the symbol's currency, as it came.")
    open: float = Field(description="The open after, in the symbol's currency, as it came.")


class SignalOut(ApiModel):
    """BUY, SELL or HOLD for one bar, with all it follows from."""

    id: str = Field(description="run_id/symbol/timestamp/strategy/revision: the same signal always has the same id.")
    run_id: RunId
    origin: OriginOf
    source: Source
    feed: Feed
    symbol: Symbol
    timestamp: BarStart
    action: Action = Field(description="What the rule says of this bar.")
    previous_action: Action | None = Field(description="What it says of the bar before; null for the first bar.")
    transition: bool = Field(description="Whether action differs from previous_action: act on transitions.")
    reason: Reason = Field(description="Which clause of the rule decided; own_rule: one that own_reason names.")
    own_reason: str | None = Field(
        description="The clause that decided, of a rule that STRATEGY names; null for the usual rule."
    )
    explanation: str = Field(
        description="The reason as a sentence with its numbers (prices in the symbol's currency, RSI in points).",
        examples=["RSI 27.4 < 30 while SMA-20 189.42 > SMA-50 188.97"],
    )
    close: Price
    sma_fast: FastAverage
    sma_slow: SlowAverage
    rsi: Rsi
    rsi_seed_weight: float = Field(
        description="How much of the RSI still depends on where the series began, 1 (all) to 0 (nothing): a ratio."
    )
    own_indicators: dict[str, float | None] = Field(
        description="What the indicators say that such a rule declares; null while they warm up."
    )
    ready: bool = Field(description="Whether all indicators are there; false means HOLD.")
    bars_seen: int = Field(description="Which bar of its series this is, counted from 1, and again after a split.")
    gap_minutes: int | None = Field(
        description="Regular-session minutes without a bar before this one; null for the first bar."
    )
    split: SplitOut | None = Field(
        description="Set on the bar whose raw price jumped overnight as in a split: the averages start over with it."
    )
    revision: int = Field(description="0 at first; one more each time a correction or a late bar changes it.")
    strategy: StrategyName
    emitted_at: Time = Field(description="When the worker computed it, UTC.")


class SignalsOut(ApiModel):
    """Signals, newest bar first, ties by symbol ascending."""

    run_id: RunId | None = Field(description="The run they are of; null while there is no run at all.")
    run_reason: RunReason
    synthetic: Synthetic
    total: int = Field(description="How many signals match before the limit, among those still kept.")
    complete: Complete
    partitions: Partitions
    next: str | None = Field(
        description="The address at which the list goes on, also in the header Link; null: this was all. What comes "
        "meanwhile changes nothing of it."
    )
    signals: list[SignalOut]


class BarOut(ApiModel):
    """One row of a window."""

    timestamp: BarStart
    open: Price
    high: Price
    low: Price
    close: Price
    volume: float = Field(description="Shares traded in the minute.")
    trade_count: int | None = Field(description="Trades in the minute; null where the source does not say.")
    vwap: float | None = Field(
        description="Volume-weighted average price, in the symbol's currency; null where the source does not say."
    )
    origin: OriginOf
    source: Source
    feed: Feed
    adjustment: str = Field(
        description="raw: not adjusted for splits or dividends; empty where the source does not say.", examples=["raw"]
    )
    gap_minutes: int | None = Field(
        description="Regular-session minutes without a bar before this one (nights and weekends have none); null for "
        "the first bar shown and outside the calendar's years."
    )
    revision: int = Field(description="0 at first; one more each time a correction or a late bar changes it.")


class SeriesStartOut(SplitOut):
    """Where a series started over, and why."""

    timestamp: BarStart
    reason: Reason = Field(description="split_suspected.")
    explanation: str = Field(
        description="The reason as a sentence with its numbers.",
        examples=["opened at 24.10 after 96.20: looks like a 4:1 split, so the averages start over"],
    )


class PositionOut(ApiModel):
    """Up to where the partition of the raw topic was read when this was answered."""

    topic: str = Field(description="The topic that the bars came from.", examples=["stocks.raw.avro"])
    topic_id: str = Field(description="Kafka's id of the topic, which changes when the topic is made again.")
    partition: int = Field(description="Kafka's number of the partition, from 0.")
    offset: int = Field(description="The last offset that the answer includes.")


class IndicatorsOut(ApiModel):
    """The indicators of the window's newest bar."""

    timestamp: BarStart
    sma_fast: FastAverage
    sma_slow: SlowAverage
    rsi: Rsi
    rsi_seed_weight: float = Field(
        description="How much of the RSI still depends on where the series began, 1 (all) to 0 (nothing): a ratio."
    )
    own_indicators: dict[str, float | None] = Field(
        description="Those that a rule of your own declares; null while they warm up."
    )
    ready: bool = Field(description="Whether all are there.")


class WindowOut(ApiModel):
    """The newest bars of one symbol, oldest first, and what follows from them."""

    run_id: RunId
    run_reason: RunReason
    synthetic: Synthetic
    complete: Complete
    partitions: Partitions
    symbol: Symbol
    strategy: StrategyName
    bars_seen: int = Field(description="Bars of this series so far, those no longer kept included.")
    series_start: SeriesStartOut | None = Field(
        description="The bar with which the series started over, as after a split; bars before it count no more. "
        "Null: it started with the run."
    )
    position: PositionOut | None = Field(description="Null before the first bar.")
    indicators: IndicatorsOut | None = Field(description="Of the newest bar; null before there is one.")
    bars: list[BarOut]


class HealthOut(ApiModel):
    """The process lives."""

    status: str = Field(
        description="ok; recovering: tables are being restored; degraded: see reasons.",
        json_schema_extra={"enum": ["ok", "recovering", "degraded"]},
    )
    reasons: list[str] = Field(description="Why the worker is not ready, in sentences; empty when it is.")
    version: str = Field(description="Of stock-signals.")
    started_at: Time = Field(description="When the API started, UTC.")
    uptime_seconds: float = Field(description="Seconds since then.")


class ReadyOut(ApiModel):
    """Whether the worker does its work."""

    ready: bool = Field(description="Whether it does.")
    reasons: list[str] = Field(description="Why not, in sentences; empty when it does.")
    deployment: str | None = Field(description="Whose worker it is: its group, and the id of its Kafka cluster.")
    dead_letters: dict[str, int] = Field(
        description="Dead letters that this worker wrote since it started, in the last 24 hours at most, by reason. "
        "They are no reason not to be ready: `stocks dead-letters list` shows them."
    )
