"""Warnings that follow from a survey of the rows; each names the option that helps."""

from collections.abc import Iterator

import numpy as np

from app.domain.records import MINUTE_MS
from app.sources.files.options import NEW_YORK
from app.sources.files.survey import HALF_HOUR_MS, SPACINGS, Survey, calendar_columns
from app.times import iso

_NAMES = {60: "one hour", 120: "two hours", 240: "four hours", 1440: "one day"}
_FEW_STEPS, _STEPS = 3, 8
_JUMPS = 3
_HOURS = range(-12, 15)
_HALF_HOUR_MINUTES = HALF_HOUR_MS // MINUTE_MS
# New York's extended hours go from 04:00 to 20:00, the regular ones from 09:30 to 16:00.
_BEFORE_OPEN, _AFTER_CLOSE = 330, 240


def not_one_minute(survey: Survey) -> str | None:
    """A sentence when a symbol's bars are of more than a minute."""
    found = [(symbol, spacing) for symbol in survey.symbols if (spacing := spacing_of(survey, symbol))]
    if not found:
        return None
    symbol, spacing = found[0]
    also = f" (and {len(found) - 1:,} more symbols)" if len(found) > 1 else ""
    length = _NAMES.get(spacing, f"{spacing} minutes")
    return (
        f"The bars of {symbol}{also} are {length} apart, and only bars of one minute make sense here: the averages "
        "count minutes. Get one-minute bars of the same days, or leave these out with --symbols."
    )


def spacing_of(survey: Survey, symbol: str) -> int | None:
    """The minutes that its bars last, when that is not one; None also where it cannot be known.

    A minute without trades has no bar, so minutes are missing from bars of one minute too, but not by a system:
    of a symbol that is seldom traded hardly ever are nine of ten steps a multiple of the same few minutes.
    """
    steps, minutes, equal, multiple = survey.steps(symbol)
    if steps < _FEW_STEPS or minutes > 0.05 * steps:
        return None
    for place in range(len(SPACINGS) - 1, -1, -1):
        many = steps >= _STEPS and multiple[place] >= 0.9 * steps and equal[place] >= 0.6 * steps
        few = SPACINGS[place] >= 5 and equal[place] >= 0.99 * steps
        if many or few:
            return SPACINGS[place]
    return None


def warnings(survey: Survey, *, zone_said: bool, now_ms: int) -> Iterator[str]:
    """Sentences; `zone_said`: the times of the files name no zone, and it is known from elsewhere."""
    # Where bars of a day or an hour begin says nothing of their zone.
    zone = None if not_one_minute(survey) else _outside_sessions(survey, zone_said=zone_said)
    for sentence in (_two_levels(survey), _splits(survey), zone, _to_come(survey, now_ms)):
        if sentence:
            yield sentence


def _splits(survey: Survey) -> str | None:
    if not survey.split_count:
        return None
    split = survey.splits[0]
    also = f", and {survey.split_count - 1:,} more" if survey.split_count > 1 else ""
    return (
        f"{split.symbol} opened at {split.open:g} after {split.previous_close:g}, {iso(split.timestamp)}: looks like a "
        f"{split.ratio[0]}:{split.ratio[1]} split{also}. Bars from files are taken as they are, so averages mix both "
        "prices for a while: adjust them first, or send the bars from then on as a run of their own."
    )


def _to_come(survey: Survey, now_ms: int) -> str | None:
    spans = {symbol: survey.span(symbol)[1] for symbol in survey.symbols}
    ahead = [symbol for symbol, newest in spans.items() if newest > now_ms]
    if not ahead:
        return None
    newest = max(spans.values())
    return (
        f"Bars of {ahead[0]}{f' and {len(ahead) - 1:,} more symbols' if len(ahead) > 1 else ''} start in the future, "
        f"up to {iso(newest)}; it is {iso(now_ms)}. They are taken: see whether the times, or this machine's clock, "
        "are wrong."
    )


def _two_levels(survey: Survey) -> str | None:
    found = []
    for symbol in survey.symbols:
        jumps = survey.jumps(symbol)
        if min(jumps.up, jumps.down) >= _JUMPS:
            found.append((symbol, jumps))
    if not found:
        return None
    symbol, jumps = max(found, key=lambda each: each[1].up + each[1].down)
    also = f"; so do {len(found) - 1:,} more symbols" if len(found) > 1 else ""
    return (
        f"Prices of {symbol} jump between levels like {jumps.low:g} and {jumps.high:g}, "
        f"{jumps.up + jumps.down:,} times{also}: symbols or columns may be mixed up. If so, say which columns hold "
        "what: --map symbol=…,close=…"
    )


def in_sessions(survey: Survey, hours: int = 0) -> float:
    """The share of rows that lie in a regular session, were their times so many hours later."""
    return _share(survey, hours * 60, 0, 0)


def _outside_sessions(survey: Survey, *, zone_said: bool) -> str | None:
    if not survey.half_hours:
        return None
    inside = in_sessions(survey)
    if inside >= 0.5:
        return None
    mend = (
        "with --tz, say the zone that they are of"
        if zone_said
        else "the file itself says the zone, so mend it where it is made; only for times without a zone there is --tz"
    )
    best = max(_HOURS, key=lambda hours: in_sessions(survey, hours))
    if in_sessions(survey, best) >= inside + 0.3:
        guess = f", for example --tz {NEW_YORK}" if zone_said and best in (4, 5) else ""
        return (
            f"{1 - inside:.0%} of the bars lie outside every session of New York, and would not if they were "
            f"{abs(best)} hours {'later' if best > 0 else 'earlier'}: a wrong zone? If so, {mend}{guess}."
        )
    if _share(survey, 0, _BEFORE_OPEN, _AFTER_CLOSE) < 0.5:
        return f"{1 - inside:.0%} of the bars lie outside every session of New York. If their zone is wrong, {mend}."
    return None


def _share(survey: Survey, later: int, before: int, after: int) -> float:
    opens, closes, _ = calendar_columns()
    starts = np.array(list(survey.half_hours), np.int64) * _HALF_HOUR_MINUTES + later
    counts = np.array(list(survey.half_hours.values()), np.int64)
    index = np.searchsorted(opens - before, starts, side="right") - 1
    inside = (index >= 0) & (starts < closes[np.maximum(index, 0)] + after)
    return float(counts[inside].sum() / counts.sum()) if len(counts) else 0.0
