"""Finds the places of our columns by the names in a header."""

from collections.abc import Mapping, Sequence

from app.sources.base import SourceError
from app.sources.files.cells import Layout
from app.sources.files.file_start import FileStart
from app.sources.files.file_times import TimeReader
from app.sources.files.options import OPTIONAL, REQUIRED, FileOptions, no_symbol
from app.terminal.visible import visible

#: For each of our columns, the file's names for it.
Names = Mapping[str, Sequence[str]]

OURS: Names = {name: (name,) for name in (*REQUIRED, *OPTIONAL)}


def has_columns(header: Sequence[str], names: Names) -> bool:
    """Whether the header has all that the names ask for, but the optional ones."""
    lowered = {name.lower() for name in header}
    return all(any(each in lowered for each in names[ours]) for ours in REQUIRED if ours in names)


def header_layout(start: FileStart, options: FileOptions, names: Names) -> Layout:
    """The layout below a header with these names, or those of `--map`. Raises SourceError."""
    header = start.fields(0)
    places = find_places(header, options, names)
    time_at = places.pop("timestamp")
    symbol = options.symbol
    if symbol is not None:
        places.pop("symbol", None)
    return Layout(
        width=len(header),
        at={name: place for name, (place,) in places.items()},
        time_at=time_at,
        times=TimeReader(options.zone),
        symbol=symbol,
        delimiter=start.delimiter,
        decimal=start.decimal,
    )


def find_places(header: Sequence[str], options: FileOptions, names: Names) -> dict[str, tuple[int, ...]]:
    """For each of our columns that is there the places it is made of. Raises SourceError."""
    lowered = [name.strip().lower() for name in header]
    found = {ours: tuple(_place(name, header) for name in theirs) for ours, theirs in options.columns.items()}
    for ours in (*REQUIRED, *OPTIONAL):
        if ours in found or ours not in names:
            continue
        at = [place for name in names[ours] for place, theirs in enumerate(lowered) if theirs == name]
        if len(at) > 1:
            raise SourceError(f"The first line names these columns more than once: {ours}. Say which: --map.")
        if at:
            found[ours] = (at[0],)
    missing = [ours for ours in REQUIRED if ours not in found and not (ours == "symbol" and options.symbol)]
    if missing == ["symbol"]:
        raise no_symbol("The first line has no column symbol, and the file")
    if missing:
        raise SourceError(_missing(missing, lowered, header))
    return found


def unused(header: Sequence[str], layout: Layout) -> list[str]:
    """The names of columns that are not read."""
    used = {*layout.at.values(), *layout.time_at}
    return [_shown(name) for place, name in enumerate(header) if place not in used]


def _shown(text: str) -> str:
    return visible(text.strip())[:300]


def _place(name: str, header: Sequence[str]) -> int:
    exact = [place for place, theirs in enumerate(header) if theirs.strip() == name.strip()]
    at = exact or [place for place, theirs in enumerate(header) if theirs.strip().lower() == name.strip().lower()]
    if len(at) == 1:
        return at[0]
    found = _shown(", ".join(header))
    raise SourceError(f"--map: {name!r} is {'more than one' if at else 'no'} column of the first line. Found: {found}.")


def _missing(missing: list[str], lowered: list[str], header: Sequence[str]) -> str:
    found = _shown(", ".join(lowered)) if any(lowered) else "nothing"
    names = [ours for ours in missing if ours != "symbol" or len(missing) == len(REQUIRED)]
    pairs = ",".join(f"{ours}={_guess(ours, header)}" for ours in names)
    symbol = " --symbol AAPL" if "symbol" in missing else ""
    return (
        f"The first line must name the columns {', '.join(REQUIRED)} (and may name {', '.join(OPTIONAL)}), "
        f"or options say what they are called, for example --map '{pairs}'{symbol}. "
        f"Missing: {', '.join(missing)}. Found: {found}."
    )


def _guess(ours: str, header: Sequence[str]) -> str:
    """The name that the file may use for it."""
    by_name = {name.strip().lower(): _shown(name) for name in header}
    if ours == "timestamp" and "date" in by_name and "time" in by_name:
        return f"{by_name['date']}+{by_name['time']}"
    guesses = {
        "timestamp": ("datetime", "date", "time"),
        "close": ("adj close", "last", "price"),
        "volume": ("vol",),
        "symbol": ("ticker", "sym"),
    }
    guess = next((by_name[name] for name in guesses.get(ours, ()) if name in by_name), "…")
    return guess if guess.isalnum() or guess == "…" else f'"{guess.replace(chr(34), 2 * chr(34))}"'
