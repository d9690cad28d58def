"""Lists of signals: this worker's part, and the parts of all workers as one list."""

import heapq
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.cooperative import in_turns
from web.line import Line
from web.reader import Reader, SignalFilter, SignalPage
from web.workers.part import WorkerPart


async def newest_here(reader: Reader, wanted: SignalFilter, run_id: str) -> WorkerPart:
    """The signals of all symbols here that match."""
    return _part(await reader.recent(run_id, wanted))


async def symbol_here(reader: Reader, wanted: SignalFilter, run_id: str, symbol: str) -> WorkerPart:
    """The signals of one symbol that match."""
    return _part(await reader.signals(run_id, symbol, wanted))


def _part(page: SignalPage) -> WorkerPart:
    return WorkerPart({"total": page.total, "next": page.next, "synthetic": page.synthetic}, page.lines)


class Merged(NamedTuple):
    """How many signals match, the first of them, and the bar and symbol behind which there are more, if there are."""

    total: int
    lines: Sequence[Line]
    next: tuple[int, str] | None


async def merged(parts: Iterable[WorkerPart], wanted: SignalFilter) -> Merged:
    """One list of several parts, each in the order of the list and with at most as many lines as are wanted."""
    parts = list(parts)
    ends = [(int(time), str(symbol)) for part in parts if part.head["next"] for time, symbol in [part.head["next"]]]

    def place(line: Line) -> tuple[int, str]:
        return _place(line.timestamp, line.symbol)

    def _place(timestamp: int, symbol: str) -> tuple[int, str]:
        return (0 if wanted.latest else -timestamp, symbol)

    # Behind the end of a part that goes on, only that part's worker knows what comes first.
    end = min(ends, key=lambda each: _place(*each), default=None)
    shown: list[Line] = []
    is_cut = False
    async for line in in_turns(heapq.merge(*(part.lines for part in parts), key=place)):
        if shown and place(line) == place(shown[-1]):
            # Both workers say so while a partition is handed over.
            shown[-1] = max(shown[-1], line)
        elif end is not None and place(line) > _place(*end):
            break
        elif len(shown) == wanted.limit:
            is_cut = True
            break
        else:
            shown.append(line)
    rest = (shown[-1].timestamp, shown[-1].symbol) if is_cut else end
    return Merged(sum(int(part.head["total"]) for part in parts), shown, rest)
