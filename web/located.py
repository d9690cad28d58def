"""Finding one symbol's state: here, in another spelling, on another worker, or nowhere."""

from typing import NoReturn
from urllib.parse import quote, urlencode

from web import errors
from web.dependencies import chosen_run
from web.queries import SymbolQuery
from web.reader import PartitionOwner, Reader, RunInfo

MAX_HOPS = 2
"""One for a spelling as given and one for its upper case; more means that partitions are being handed over."""


async def located(reader: Reader, path: str, symbol: str, query: SymbolQuery) -> tuple[RunInfo, str]:
    """The run, and the symbol as spelt or in upper case, whichever this worker has.

    Raises ProblemError: 404 for an unknown run or symbol, 307 to the worker
    that holds the symbol's partition (its address is that worker's + `path`),
    503 when none is known to.
    """
    owners = {spelling: reader.elsewhere(spelling) for spelling in (symbol, symbol.upper())}
    away = [(spelling, owner) for spelling, owner in owners.items() if owner]
    try:
        run = chosen_run(reader, query.run)
    except errors.ProblemError:
        if not away:
            raise
        run = None  # a run may have no symbol here, and some there
    for spelling, owner in owners.items():
        if run and not owner and reader.knows(run.run_id, spelling):
            return run, spelling
    if away:
        _pass_on(path, *away[0], query, reader.readiness().retry_after)
    raise await errors.unknown_symbol(symbol, run.run_id if run else None, reader.symbols(run.run_id) if run else [])


def _pass_on(path: str, symbol: str, where: PartitionOwner, query: SymbolQuery, retry_after: int) -> NoReturn:
    if where.owner is None or query.hop >= MAX_HOPS:
        raise errors.unowned(symbol, where, retry_after)
    passed = query.model_copy(update={"hop": query.hop + 1}).model_dump(mode="json", exclude_defaults=True)
    location = f"{where.owner.rstrip('/')}{path}/{quote(symbol, safe='')}?{urlencode(passed, doseq=True)}"
    raise errors.passed_on(symbol, where, location)
