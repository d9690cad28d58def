"""Formats the result of `--check` for a person."""

from collections import Counter
from collections.abc import Iterator

from app.domain.outcome import Outcome
from app.sources.base import Fault
from app.sources.files.check import Checked
from app.sources.files.survey import Survey
from app.times import iso

_INDENT = 12
_SYMBOLS, _GAPS, _SPLITS = 12, 5, 5


def lines(checked: Checked) -> Iterator[str]:
    """The report."""
    files, survey = checked.files, checked.survey
    yield str(files.files[0].input) if len(files.files) == 1 else f"{len(files.files):,} files"
    for heading, texts in (
        ("form", _counted(file.shape for file in files.files)),
        ("not read", _counted(", ".join(file.ignored) for file in files.files)),
        ("zone", _counted(file.zone for file in files.files)),
        ("symbols", [_symbols(survey)]),
        ("bars", list(_bars(survey))),
        ("sessions", [_sessions(checked)]),
        ("gaps", list(_gaps(survey))),
        ("splits", list(_splits(survey))),
        ("order", [_order(checked)]),
        ("refused", list(_refused(checked))),
    ):
        for number, text in enumerate(text for text in texts if text):
            yield f"  {heading if not number else '':<{_INDENT - 2}}{text}"
    for sentence in checked.refusals:
        yield f"Refused: {sentence}"
    for sentence in checked.warnings:
        yield f"Warning: {sentence}"
    yield _verdict(checked)


def _counted(texts: Iterator[str]) -> list[str]:
    """Each text once, the most frequent first; where files differ, with the number of files that have it."""
    counts = Counter(texts)
    if len(counts) == 1:
        return list(counts)
    return [f"{text} ({count:,} file{'s' if count > 1 else ''})" for text, count in counts.most_common() if text]


def _symbols(survey: Survey) -> str:
    names = sorted(survey.symbols)
    more = f", and {len(names) - _SYMBOLS:,} more" if len(names) > _SYMBOLS else ""
    return f"{len(names):,}: {', '.join(names[:_SYMBOLS])}{more}" if names else "none"


def _bars(survey: Survey) -> Iterator[str]:
    if not survey.symbols:
        yield "none"
        return
    spans = [survey.span(symbol) for symbol in survey.symbols]
    yield f"{survey.rows:,}, from {iso(min(first for first, _ in spans))} to {iso(max(last for _, last in spans))}"
    if len(survey.symbols) > 1:
        counts = sorted((survey.count(symbol), symbol) for symbol in survey.symbols)
        (fewest, of_fewest), (most, of_most) = counts[0], counts[-1]
        yield (
            f"{most:,} of each symbol"
            if fewest == most
            else f"from {fewest:,} ({of_fewest}) to {most:,} ({of_most}) a symbol"
        )


def _sessions(checked: Checked) -> str:
    inside = f"{checked.inside:.0%} of the bars in regular hours"
    if checked.sessions is None:
        return f"none of New York's; {inside}"
    first, last, count = checked.sessions
    days = iso(first)[:10] if count == 1 else f"{iso(first)[:10]} to {iso(last)[:10]}"
    return f"{count:,} of New York, {days}; {inside}"


def _gaps(survey: Survey) -> Iterator[str]:
    missing = sum(survey.missing(symbol) for symbol in survey.symbols)
    if not missing:
        yield "none in regular hours"
        return
    symbols = sum(survey.missing(symbol) > 0 for symbol in survey.symbols)
    yield (
        f"{missing:,} minute{'s' if missing > 1 else ''} of regular hours without a bar, of {symbols:,} "
        f"symbol{'s' if symbols > 1 else ''} (a minute without trades has none)"
    )
    for gap in survey.gaps[:_GAPS]:
        yield f"  {gap.minutes:,} of {gap.symbol} between {iso(gap.after_ms)} and {iso(gap.before_ms)}"


def _splits(survey: Survey) -> Iterator[str]:
    if not survey.split_count:
        yield "none suspected"
        return
    yield f"{survey.split_count:,} suspected (bars from files are taken as they are)"
    for split in survey.splits[:_SPLITS]:
        ratio = f"{split.ratio[0]}:{split.ratio[1]}"
        prices = f"{split.open:g} after {split.previous_close:g}"
        yield f"  {ratio} of {split.symbol}: opened at {prices} at {iso(split.timestamp)}"


def _order(checked: Checked) -> str:
    outcomes = checked.outcomes
    said = [
        f"{outcomes[outcome]:,} {words}"
        for outcome, words in (
            (Outcome.INSERTED, "late, taken in"),
            (Outcome.DUPLICATE, "repeated, which change nothing"),
            (Outcome.CORRECTED, "of the same minute with other values, which replace those before"),
            (Outcome.STALE, "stale"),
        )
        if outcomes[outcome]
    ]
    return "; ".join(said) if said else "each symbol's bars in order of time"


def _refused(checked: Checked) -> Iterator[str]:
    count = checked.fault_count
    rows = checked.files.total or 0
    yield f"{count:,} of {rows:,} rows" if count else f"none of {rows:,} rows"
    for fault in checked.faults:
        yield f"  {_place(fault)}: {fault.message}"
    if count > len(checked.faults):
        yield f"  … and {count - len(checked.faults):,} more"


def _place(fault: Fault) -> str:
    return f"{fault.unit.lower()} {fault.line:,}" + (f" of {fault.file}" if fault.file else "")


def _verdict(checked: Checked) -> str:
    if checked.all_good:
        return "All rows are good: without --check they are sent."
    if checked.refusals:
        return "Without --check nothing would be sent."
    return "Without --check the good rows are sent, and the refused ones are not."
