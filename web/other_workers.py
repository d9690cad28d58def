"""What the other workers of the group say of their partitions: asked over HTTP, at most once a second."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import httpx

from app.iso_time import from_iso
from web.models import RunOut, RunsOut, SymbolsOut
from web.reader import RunInfo

#: How long an answer is good for, and how long one is waited for.
KEPT_SECONDS, WAIT_SECONDS = 1.0, 2.0


class OtherWorkers:
    """Asks other workers by their base URLs; who does not answer in time is left out."""

    def __init__(
        self,
        client: httpx.AsyncClient | None = None,
        clock: Callable[[], float] = time.monotonic,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        # Workers talk to each other directly, whatever proxies the environment names.
        self._client = client or httpx.AsyncClient(headers=headers, timeout=WAIT_SECONDS, trust_env=False)
        self._clock = clock
        self._runs: dict[str, tuple[float, Sequence[RunInfo]]] = {}

    async def runs(self, owners: Collection[str]) -> dict[str, Sequence[RunInfo]]:
        """The runs that each knows of its own partitions; those that do not answer are missing."""
        now = self._clock()
        self._runs = {owner: kept for owner, kept in self._runs.items() if owner in owners}
        old = [owner for owner in owners if owner not in self._runs or now - self._runs[owner][0] > KEPT_SECONDS]
        for owner, answer in zip(old, await self._ask(old, "/runs", {"scope": "local"}, RunsOut), strict=True):
            if answer is None:
                self._runs.pop(owner, None)
            else:
                self._runs[owner] = now, [_run(run) for run in answer.runs]
        return {owner: runs for owner, (_, runs) in self._runs.items() if owner in owners}

    async def symbols(self, owners: Iterable[str], run_id: str) -> list[str]:
        """The symbols of a run on workers that answer."""
        query = {"scope": "local", "run": run_id}
        answers = await self._ask(list(owners), "/symbols", query, SymbolsOut)
        return [symbol for answer in answers if answer for symbol in answer.symbols]

    async def _ask(self, owners: Sequence[str], path: str, query: dict[str, str], model: Any) -> list[Any]:
        return await asyncio.gather(*(self._one(f"{owner.rstrip('/')}{path}", query, model) for owner in owners))

    async def _one(self, url: str, query: dict[str, str], model: Any) -> Any:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                answer = (await self._client.get(url, params=query)).raise_for_status()
            return model.model_validate_json(answer.content)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError):
            return None


def _run(run: RunOut) -> RunInfo:
    return RunInfo(
        run_id=run.run_id,
        origin=run.origin,
        is_live=run.live,
        first_bar=None if run.first_bar is None else from_iso(run.first_bar),
        oldest_kept=from_iso(run.oldest_kept_bar),
        newest_bar=from_iso(run.newest_bar),
        symbols=run.symbols,
        bars=run.bars,
        signals=run.signals,
        active_at=from_iso(run.active_at),
    )
