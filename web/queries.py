"""The query parameters; one that a route does not know is an error, so that a misspelt one is not ignored."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.domain.records import Action
from app.iso_time import from_iso, iso
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
    """`A,B` and repeated parameters are all fine; none at all is none chosen."""
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
    """The other way round. Raises ValueError."""
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


class ScopeQuery(NoQuery):
    """Of which workers."""

    scope: Literal["all", "local"] = Field(
        default="all", description="local: only what this worker holds, without asking the others."
    )


class RunScopeQuery(RunQuery, ScopeQuery):
    """Which run to read, and of which workers."""


class SymbolQuery(RunQuery):
    """Which run to read of one symbol."""

    hop: int = Field(
        default=0,
        ge=0,
        description="How many workers have already passed the request on; they set it, so that it ends.",
    )


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


class SignalsQuery(RunQuery, SignalsFilter):
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
        """As the reader takes it."""
        since, until = _ms(self.since), _ms(self.until)
        after = place_of(self.cursor) if self.cursor else None
        return SignalFilter(self.limit, self.action, self.transitions, since, until, self.latest, after)


class SymbolSignalsQuery(SymbolQuery, SignalsFilter):
    """Which signals of one symbol."""

    limit: int = Field(default=5, ge=1, le=MAX_BARS, description="At most this many signals, the newest.")

    def wanted(self) -> SignalFilter:
        """As the reader takes it."""
        return SignalFilter(self.limit, self.action, self.transitions, _ms(self.since), _ms(self.until))


class SymbolBarsQuery(SymbolQuery):
    """How many bars of one symbol."""

    limit: int = Field(default=60, ge=1, le=MAX_BARS, description="At most this many bars, the newest.")


class LocalQuery(RunQuery):
    """Which run and symbols to read here."""

    symbols: Annotated[
        frozenset[str] | None,
        BeforeValidator(_names),
        Field(description="Only these symbols, for example AAPL,SPY; without it, all."),
    ] = None

    @property
    def chosen(self) -> frozenset[str] | None:
        """The symbols, as spelt and in upper case."""
        return None if self.symbols is None else self.symbols | {symbol.upper() for symbol in self.symbols}


class StreamQuery(LocalQuery):
    """Which signals to push."""

    transitions: bool = Field(default=False, description="Only signals whose action differs from the bar's before.")
    last_event_id: str | None = Field(
        default=None,
        description="Go on behind this event; for clients that cannot send the header Last-Event-ID, which wins.",
    )

    def wanted(self) -> StreamFilter:
        """As the stream takes it."""
        return StreamFilter(self.run, self.chosen, self.transitions, named=self.run is not None)


class ExplainQuery(SymbolQuery):
    """Which signal to explain."""

    at: Time | None = Field(
        default=None, description="Start of the bar whose signal is explained; without it, the newest."
    )

    def at_ms(self) -> int | None:
        """UTC epoch milliseconds."""
        return _ms(self.at)
