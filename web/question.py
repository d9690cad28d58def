"""One request for data: chooses its run, asks the workers that have the data, and joins their answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from app.cooperative import in_turns
from app.times import iso
from web import errors
from web.freshness import AS_IT_IS, RETRY_AFTER_SECONDS, Freshness
from web.line import Line
from web.models_runs import SymbolOut
from web.partition_status import PartitionStatus
from web.queries import RunScopeQuery, ScopeQuery
from web.reader import Reader, RunInfo, SymbolState
from web.run_choice import ASKED_FOR, ChosenRun
from web.run_directory import RunDirectory
from web.workers.gather import Gathered, Make, RecoveringError, WorkerGroup, status_of
from web.workers.part import WorkerPart
from web.workers.worker_client import NoAnswerError, RefusedError

MakeOfRun = Callable[[str], Awaitable[WorkerPart]]
"""Makes this worker's part, of a run that it may not know."""

MakeOfSymbol = Callable[[str, str], Awaitable[WorkerPart]]
"""Makes this worker's part, of a run and a symbol that it has."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers: the run and why it was chosen, parts by their workers' base URLs, the state of each partition."""

    run_id: str | None
    run_reason: str
    parts: Mapping[str, WorkerPart]
    partitions: Sequence[PartitionStatus]
    #: Whether all partitions that it is about are answered for.
    complete: bool

    @property
    def known_run(self) -> str:
        """The run of an answer that cannot be without one: of one symbol."""
        assert self.run_id is not None  # noqa: S101 - what it is of says so
        return self.run_id

    @property
    def only(self) -> WorkerPart:
        """The part, where there is one: of one symbol, or for another worker."""
        (part,) = self.parts.values()
        return part

    def heads(self) -> list[Mapping[str, Any]]:
        """The head of each part."""
        return [part.head for part in self.parts.values()]

    @property
    def synthetic(self) -> bool:
        """Whether any of it is of bars that were made up."""
        return any(head.get("synthetic") for head in self.heads())


class Question:
    """Asks this worker, and unless only this one is asked, the others.

    `is_part` says that another worker asks, which judges freshness itself and knows what is there at all.
    """

    def __init__(self, reader: Reader, group: WorkerGroup, runs: RunDirectory, *, is_part: bool) -> None:
        self.reader = reader
        self.runs = runs
        self.is_part = is_part
        self._group = group
        #: However many questions this one takes, others have one time for all of them.
        self._until = group.until()

    def _is_local(self, query: ScopeQuery) -> bool:
        return self.is_part or query.scope == "local"

    async def of_all(self, path: str, query: ScopeQuery, make: Make) -> Answered:
        """The parts of all workers, whatever the run. Raises ProblemError."""
        return self._answered(None, "", await self._gather(path, query, query.passed_on(), make))

    async def here(self, make: Make) -> WorkerPart:
        """This worker's part alone. Raises the 503 while it restores its tables."""
        return await self._here(make, AS_IT_IS)

    async def partitions(self, path: str, make: Make, scope: str) -> Sequence[PartitionStatus]:
        """How each partition is, or those of this worker; whatever state it is in."""
        found = (await self._group.gather(path, {}, make, until=self._until)).partitions if scope == "all" else ()
        if scope == "local" and not self.reader.readiness().recovering:
            part = await self._here(make, AS_IT_IS)
            return [status_of(self._group.address, part, each) for each in part.partitions]
        return found

    async def run(self, query: RunScopeQuery) -> RunInfo | None:
        """What is known of the run that is asked for or chosen; None where there is none."""
        if query.run is None:
            return (await self._choice(query, query.fresh())).run
        known = (
            self.reader.runs()
            if self._is_local(query)
            else (await self.runs.everything(query.fresh(), self._until)).runs
        )
        return next((run for run in known if run.run_id == query.run), None)

    async def of_run(self, path: str, query: RunScopeQuery, make: MakeOfRun, most_lines: int | None = None) -> Answered:
        """The parts of all workers, of the run that is asked for or chosen. Raises ProblemError."""
        run_id, reason = await self._chosen(query, query.fresh())
        if run_id is None:
            found = await self._gather("/runs", query, {}, self.runs.part_here)
            return self._answered(None, reason, found if self.is_part else Gathered({}, found.partitions))
        make_known = partial(self._of_known_run, run_id, make)
        found = await self._gather(path, query, query.passed_on(run_id), make_known, most_lines)
        if not self.is_part and not any(part.head["known"] for part in found.parts.values()):
            readiness = self.reader.readiness()
            if readiness.recovering or query.run is None:  # A rebalance took the chosen run away a moment ago.
                raise errors.recovering(readiness)
            raise await self._unknown_run(run_id, is_local=self._is_local(query))
        return self._answered(run_id, reason, found)

    async def of_symbol(
        self, path: str, symbol: str, query: RunScopeQuery, make: MakeOfSymbol, most_lines: int | None = None
    ) -> Answered:
        """The part of the worker that has the symbol, as spelt or else in upper case; `path` has `{symbol}`.

        Raises ProblemError: 404 for an unknown run or symbol, 503 where the worker that should have it is not known
        or does not answer.
        """
        fresh, is_local = query.fresh(), self._is_local(query)
        run_id, reason = await self._chosen(query, fresh.of(self.reader.partition_of(symbol)))
        if run_id is None:
            raise await errors.unknown_symbol(symbol, None, ())
        passed = partial(self._from, path, query.passed_on(run_id), most_lines)
        for spelling in dict.fromkeys((symbol, symbol.upper())):
            partition = self.reader.partition_of(spelling)
            owner = self.reader.owners()[partition]
            if owner.here:
                url = self._group.address
                part = await self._here(
                    partial(self._of_known_symbol, run_id, spelling, make), fresh.of(partition), partition
                )
            elif is_local and not self.is_part:
                continue
            elif self.is_part or owner.owner is None or owner.owner == self._group.address:
                raise errors.unowned(spelling, owner, RETRY_AFTER_SECONDS)
            else:
                url = owner.owner
                part = await passed(url, spelling, fresh.of(partition))
            answered = self._of_one(run_id, reason, url, part, fresh.of(partition))
            if part.head["found"] or self.is_part:
                return answered
        if is_local:
            raise await errors.unknown_symbol(symbol, run_id, self.reader.symbols(run_id))
        return await self._wherever(symbol, run_id, reason, fresh, passed)

    async def _wherever(
        self, symbol: str, run_id: str, reason: str, fresh: Freshness, passed: Callable[..., Awaitable[WorkerPart]]
    ) -> Answered:
        """From a partition on which its producer should not have put it; raises the 404 when it is nowhere."""
        everything = await self._group.gather(
            "/symbols",
            {"run": run_id},
            partial(self._of_known_run, run_id, partial(symbols_here, self.reader)),
            until=self._until,
        )
        for spelling in (symbol, symbol.upper()):
            for url, part in everything.parts.items():
                if url != self._group.address and any(line.symbol == spelling for line in part.lines):
                    found = await passed(url, spelling, fresh)
                    return self._of_one(run_id, reason, url, found, fresh)
        if not any(part.head["known"] for part in everything.parts.values()):
            raise await self._unknown_run(run_id, is_local=False)
        raise await errors.unknown_symbol(
            symbol, run_id, sorted({line.symbol for part in everything.parts.values() for line in part.lines})
        )

    async def _from(
        self,
        path: str,
        query: Mapping[str, Any],
        most_lines: int | None,
        url: str,
        symbol: str,
        fresh: Freshness,
    ) -> WorkerPart:
        try:
            address = path.format(symbol=quote(symbol, safe=""))
            return await self._group.ask(url, address, query, fresh, most_lines, self._until)
        except NoAnswerError as error:
            raise errors.unreachable(symbol, url, str(error), RETRY_AFTER_SECONDS) from error
        except RefusedError as refused:
            raise errors.passed_on(symbol, url, refused.status, refused.body, refused.retry_after) from refused

    def _of_one(self, run_id: str, reason: str, url: str, part: WorkerPart, fresh: Freshness) -> Answered:
        partitions = [status_of(url, part, each) for each in part.partitions]
        self._check(fresh, partitions)
        complete = bool(partitions) and all(each.status == "active" for each in partitions)
        return Answered(run_id, reason, {url: part}, partitions, complete)

    async def _chosen(self, query: RunScopeQuery, fresh: Freshness) -> tuple[str | None, str]:
        if query.run is not None:
            return query.run, ASKED_FOR
        chosen = await self._choice(query, fresh)
        return chosen.run_id, chosen.reason

    async def _choice(self, query: RunScopeQuery, fresh: Freshness) -> ChosenRun:
        return self.runs.chosen_here() if self._is_local(query) else await self.runs.chosen(fresh, self._until)

    async def _of_known_run(self, run_id: str, make: MakeOfRun) -> WorkerPart:
        origin = self.reader.run_origin(run_id)
        part = await make(run_id)
        synthetic = origin == "synthetic" or part.head.get("synthetic", False)
        return WorkerPart({**part.head, "known": origin is not None, "synthetic": synthetic}, part.lines)

    async def _of_known_symbol(self, run_id: str, symbol: str, make: MakeOfSymbol) -> WorkerPart:
        if not self.reader.knows(run_id, symbol):
            return WorkerPart({"found": False})
        part = await make(run_id, symbol)
        return WorkerPart({"found": True, **part.head}, part.lines)

    async def _here(self, make: Make, fresh: Freshness, only: int | None = None) -> WorkerPart:
        try:
            return await self._group.here(make, fresh, only)
        except RecoveringError:
            raise errors.recovering(self.reader.readiness()) from None

    async def _gather(
        self, path: str, query: ScopeQuery, passed: Mapping[str, Any], make: Make, most_lines: int | None = None
    ) -> Gathered:
        """The parts of all workers, or of this one alone, as new as they have to be."""
        here, fresh = self._group.address, query.fresh()
        if self._is_local(query):
            part = await self._here(make, fresh)
            found = Gathered({here: part}, [status_of(here, part, each) for each in part.partitions])
        else:
            found = await self._group.gather(path, passed, make, fresh, most_lines, self._until)
            if here not in found.parts:
                raise errors.recovering(self.reader.readiness())
        self._check(fresh, found.partitions)
        return found

    def _answered(self, run_id: str | None, reason: str, found: Gathered) -> Answered:
        complete = found.complete and len(found.partitions) == len(self.reader.owners())
        return Answered(run_id, reason, found.parts, found.partitions, complete)

    async def _unknown_run(self, run_id: str, *, is_local: bool) -> errors.ProblemError:
        if is_local:
            return errors.unknown_run(run_id, [run.run_id for run in self.reader.runs()], ())
        found = await self.runs.everything(until=self._until)
        return errors.unknown_run(run_id, [run.run_id for run in found.runs], found.partitions)

    def _check(self, fresh: Freshness, partitions: Sequence[PartitionStatus]) -> None:
        if not self.is_part:
            fresh.check(partitions, len(self.reader.owners()))


async def symbols_here(reader: Reader, run_id: str) -> WorkerPart:
    """The symbols of a run on this worker, each with its newest bar."""
    return WorkerPart({}, [_line(state) async for state in in_turns(reader.symbol_states(run_id))])


def _line(state: SymbolState) -> Line:
    symbol = SymbolOut(symbol=state.symbol, newest_bar=iso(state.newest_bar), action=state.action, bars=state.bars)
    return Line(state.newest_bar, state.symbol, state.bars, symbol.model_dump_json().encode())
