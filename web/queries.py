"""The query parameters; one that a route does not know is an error, so that a misspelt one is not ignored."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.domain.records import Action
from app.times import from_iso, iso
from web.freshness import POSITIONS, Freshness, parse_positions
from web.negotiation import Format
from web.reader import SignalFilter
from web.stream.filter import StreamFilter

MAX_LIMIT = 1000
MAX_BARS = 10_000
"""Of one symbol, whose rows are read one after another."""

_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _split(values: object) -> object:
    """`BUY,SELL`, `buy` and repeated parameters are all fine."""
    return [part.upper() for value in values for part in value.split(",")] if isinstance(values, list) else values


def _names(values: object) -> object:
    """`A,B` and repeated parameters are all fine; without any, all are meant."""
    if not isinstance(values, list):
        return values
    return [name for value in values for part in value.split(",") if (name := part.strip())] or None


def _ms(time: datetime | None) -> int | None:
    """UTC epoch milliseconds; a time without a zone is UTC."""
    if time is None:
        return None
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return int(min(max(aware, _EARLIEST), _LATEST).timestamp() * 1000)


def cursor_of(place: tuple[int, str]) -> str:
    """A bar's start and symbol, as the parameter is written."""
    timestamp, symbol = place
    return f"{iso(timestamp)},{symbol}"


def place_of(cursor: str) -> tuple[int, str]:
    """Parse such a parameter. Raises ValueError."""
    time, comma, symbol = cursor.partition(",")
    try:
        timestamp = from_iso(time)
    except (ValueError, TypeError):
        timestamp = -1
    if not comma or not symbol or timestamp < 0:
        raise ValueError("it should be a bar's time and a symbol, such as 2024-11-14T15:29:00Z,SPY")
    return timestamp, symbol


def _cursor(text: str | None) -> str | None:
    if text is not None:
        place_of(text)
    return text


_POSITIONS = {"type": "string", "pattern": f"^{POSITIONS}$"}


def _positions(text: str) -> str:
    parse_positions(text)
    return text


def _no_number(value: object) -> object:
    """20241114 and other numbers would be taken for seconds since 1970."""
    if not isinstance(value, str):
        return value
    try:
        float(value)
    except ValueError:
        return value
    raise PydanticCustomError("datetime", "it should be a time such as 2024-11-14T14:30:00Z")


Time = Annotated[datetime, BeforeValidator(_no_number), Field(examples=["2024-11-14T14:30:00Z"])]


class NoQuery(BaseModel):
    """No parameters at all."""

    model_config = ConfigDict(extra="forbid")


class RunQuery(NoQuery):
    """Which run to read."""

    run: str | None = Field(
        default=None,
        description="The run to read; without it the live run, or the newest replay where there is none. "
        "GET /runs lists them.",
    )


class FormatQuery(NoQuery):
    """In which form."""

    format: Format | None = Field(
        default=None, description="csv: a table, for pandas and spreadsheets. Without it, what the header Accept says."
    )


class ScopeQuery(NoQuery):
    """Of which workers, and how new."""

    scope: Literal["all", "local"] = Field(
        default="all", description="local: only what this worker holds, without asking the others."
    )
    min_position: Annotated[str, AfterValidator(_positions), WithJsonSchema(_POSITIONS)] | None = Field(
        default=None,
        description="Wait at most 5 s until these partitions of the topic of bars are read up to these offsets, the "
        "next ones to read, and answer 503 if they are not: as a producer's delivery reports say plus 1, or `position` "
        "of an answer. Partitions that the answer is not about do not matter.",
        examples=["0:1042,1:998"],
    )
    max_lag: int | None = Field(
        default=None,
        ge=0,
        description="Answer 503 where more records than this are not processed yet, of any partition that the answer "
        "is about, or where that is not known.",
    )

    def fresh(self) -> Freshness:
        """How new the answer has to be."""
        return Freshness(parse_positions(self.min_position) if self.min_position else {}, self.max_lag)

    def passed_on(self, run_id: str | None = None) -> dict[str, Any]:
        """The parameters for another worker: of that run, without scope, format and freshness."""
        passed = self.model_dump(
            mode="json", exclude_defaults=True, exclude={"run", "scope", "format", "min_position", "max_lag"}
        )
        return passed if run_id is None else {**passed, "run": run_id}


class RunScopeQuery(RunQuery, ScopeQuery):
    """Which run to read, of which workers, and how new."""


class SignalsFilter(BaseModel):
    """Which signals."""

    action: Annotated[
        frozenset[Action],
        BeforeValidator(_split),
        Field(description="Only these actions, for example BUY,SELL; without it, all."),
    ] = frozenset()
    transitions: bool = Field(default=False, description="Only signals whose action differs from the bar's before.")
    since: Time | None = Field(default=None, description="Only bars that start at this time or later.")
    until: Time | None = Field(default=None, description="Only bars that start before this time.")


class SymbolListQuery(RunScopeQuery, FormatQuery):
    """Of which run to list the symbols."""


class SignalsQuery(RunScopeQuery, SignalsFilter, FormatQuery):
    """Which signals over all symbols."""

    limit: int = Field(default=10, ge=1, le=MAX_LIMIT, description="At most this many signals, the first of the list.")
    latest: bool = Field(
        default=False,
        description="Of each symbol its newest signal alone, if it matches, by symbol ascending.",
    )
    cursor: Annotated[str | None, AfterValidator(_cursor)] = Field(
        default=None,
        description="Where the list goes on: behind a bar and symbol. It is part of `next` of the answer before.",
        examples=["2024-11-14T15:29:00Z,SPY"],
    )

    def wanted(self) -> SignalFilter:
        """The filter, as the reader takes it."""
        since, until = _ms(self.since), _ms(self.until)
        after = place_of(self.cursor) if self.cursor else None
        return SignalFilter(self.limit, self.action, self.transitions, since, until, self.latest, after)


class SessionQuery(RunScopeQuery):
    """Which run to read, and of which session."""

    at: Time | None = Field(
        default=None, description="A time in the session, or after it; without one that of the run's newest bar."
    )

    def at_ms(self) -> int | None:
        """UTC epoch milliseconds."""
        return _ms(self.at)

    def of(self, run_id: str | None, at_ms: int) -> Self:
        """The query for a run and a time."""
        return self.model_copy(update={"run": run_id, "at": datetime.fromtimestamp(at_ms / 1000, UTC)})


class SymbolSignalsQuery(RunScopeQuery, SignalsFilter, FormatQuery):
    """Which signals of one symbol."""

    limit: int = Field(default=5, ge=1, le=MAX_BARS, description="At most this many signals, the newest.")

    def wanted(self) -> SignalFilter:
        """The filter, as the reader takes it."""
        return SignalFilter(self.limit, self.action, self.transitions, _ms(self.since), _ms(self.until))


class SymbolBarsQuery(RunScopeQuery, FormatQuery):
    """Which bars of one symbol."""

    limit: int = Field(default=60, ge=1, le=MAX_BARS, description="At most this many bars, the newest.")
    since: Time | None = Field(default=None, description="Only bars that start at this time or later.")

    def since_ms(self) -> int:
        """UTC epoch milliseconds; 0 for all."""
        return _ms(self.since) or 0


class SymbolsQuery(RunQuery):
    """Which run and symbols to read."""

    symbols: Annotated[
        frozenset[str] | None,
        BeforeValidator(_names),
        Field(description="Only these symbols, for example AAPL,SPY; without it, all."),
    ] = None

    @property
    def chosen(self) -> frozenset[str] | None:
        """The symbols, as spelt and in upper case."""
        return None if self.symbols is None else self.symbols | {symbol.upper() for symbol in self.symbols}


class LocalQuery(SymbolsQuery):
    """Which run and symbols to read here; only other workers ask."""

    scope: Literal["local"] = Field(default="local", description="Only what this worker holds.")


class StreamQuery(SymbolsQuery):
    """Which signals to push."""

    transitions: bool = Field(default=False, description="Only signals whose action differs from the bar's before.")
    last_event_id: str | None = Field(
        default=None,
        description="Go on behind this event; for clients that cannot send the header Last-Event-ID, which wins.",
    )

    def wanted(self) -> StreamFilter:
        """The filter, as the stream takes it."""
        return StreamFilter(self.run, self.chosen, self.transitions, named=self.run is not None)


class ExplainQuery(RunScopeQuery):
    """Which signal to explain."""

    at: Time | None = Field(
        default=None, description="Start of the bar whose signal is explained; without it, the newest."
    )

    def at_ms(self) -> int | None:
        """UTC epoch milliseconds."""
        return _ms(self.at)
