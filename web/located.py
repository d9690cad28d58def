"""Finding one symbol's state: here, in another spelling, on another worker, or nowhere."""

from typing import NamedTuple, NoReturn
from urllib.parse import quote, urlencode

from web import errors
from web.dependencies import chosen_run
from web.queries import SymbolQuery
from web.reader import PartitionOwner, Reader

MAX_HOPS = 2
"""One for a spelling as given and one for its upper case; more means that partitions are being handed over."""


class Located(NamedTuple):
    """A run that has a symbol here, why it is this one, and how the symbol is spelt."""

    run_id: str
    run_reason: str
    synthetic: bool
    symbol: str


async def located(reader: Reader, path: str, symbol: str, query: SymbolQuery) -> Located:
    """The run, and the symbol as spelt or in upper case, whichever this worker has.

    Raises ProblemError: 404 for an unknown run or symbol, 307 to the worker
    that holds the symbol's partition (its address is that worker's + `path`, with `{symbol}` for the symbol),
    503 when none is known to.
    """
    owners = {spelling: reader.elsewhere(spelling) for spelling in (symbol, symbol.upper())}
    away = [(spelling, owner) for spelling, owner in owners.items() if owner]
    if len(away) == len(owners):
        _pass_on(path, *away[0], query, reader.readiness().retry_after)
    chosen = await chosen_run(reader, query.run)
    run_id = chosen.run_id
    for spelling, owner in owners.items():
        if run_id and not owner and reader.knows(run_id, spelling):
            return Located(run_id, chosen.reason, chosen.synthetic, spelling)
    if away:
        _pass_on(path, *away[0], query, reader.readiness().retry_after)
    known = {*reader.symbols(run_id), *await reader.symbols_elsewhere(run_id)} if run_id else ()
    raise await errors.unknown_symbol(symbol, run_id, sorted(known))


def _pass_on(path: str, symbol: str, where: PartitionOwner, query: SymbolQuery, retry_after: int) -> NoReturn:
    if where.owner is None or query.hop >= MAX_HOPS:
        raise errors.unowned(symbol, where, retry_after)
    passed = query.model_copy(update={"hop": query.hop + 1}).model_dump(mode="json", exclude_defaults=True)
    address = path.format(symbol=quote(symbol, safe=""))
    location = f"{where.owner.rstrip('/')}{address}?{urlencode(passed, doseq=True)}"
    raise errors.passed_on(symbol, where, location)
