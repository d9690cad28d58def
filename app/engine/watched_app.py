"""A Faust app that looks after itself: it ends where a person must mend something or nothing can get on."""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, cast

import faust
from mode import Service

from app.engine.errors import OperatorError
from app.engine.memory import GIVE_BACK_SECONDS, give_back

if TYPE_CHECKING:
    from app.engine.app import BatchApp

#: A worker that has not asked for records for so long is stuck and ends itself.
STUCK_SECONDS = 120.0

#: How often to ask whether the broker has refused this worker as a member of its group.
GROUP_SECONDS = 1.0


class WatchedApp(faust.App):
    """The part of BatchApp that watches it."""

    @property
    def _batch_app(self) -> "BatchApp":
        return cast("BatchApp", self)

    async def check(self) -> None:
        """End a worker whose topics or address were changed under it; to be called every few seconds."""
        app = self._batch_app
        consumer = app.batch_consumer
        # Before this worker is one of them, the group may not have forgotten those that were killed.
        members = await consumer.fetcher.members() if consumer.stream_tps() else []
        try:
            await asyncio.to_thread(app.options.check, app, members)
        except OperatorError as error:
            self.log.critical("%s", error)
            await self.crash(error)

    @Service.task
    async def _watch_polling(self) -> None:
        # Faust starts timers only when the tables are restored.
        async for _ in self.itertimer(1.0, name="polling"):
            await self.end_when_stuck()
            self.look_for_work()

    @Service.task
    async def _watch_group(self) -> None:
        # Apart from the one above: the consumer's thread, which is asked, may be what is stuck. No timer, which
        # would warn each time that thread is busy.
        while not self.should_stop:
            await self.end_when_refused()
            await self.sleep(GROUP_SECONDS)

    @Service.task
    async def _watch_memory(self) -> None:
        while not self.should_stop:
            await self.sleep(GIVE_BACK_SECONDS)
            await asyncio.to_thread(give_back)

    async def end_when_refused(self) -> None:
        """End a worker that may not be a member of its group; to be called every second or so.

        Raises the error by which its client has given up the group.
        """
        error = await self._batch_app.batch_consumer.fetcher.group_error()
        if isinstance(error, OperatorError):
            await self.crash(error)
        elif error is not None:
            self.log.warning("The group's coordinator: %r", error)

    async def end_when_stuck(self) -> None:
        """End a worker that has partitions and no longer asks for records; to be called every second or so."""
        app = self._batch_app
        fetcher = app.batch_consumer.fetcher
        if fetcher.polled_at is None:
            return
        if app.waits:
            # Batches that wait fill the agents' queues; Faust then pauses all partitions, and asks for none.
            fetcher.polled_at = monotonic()
            return
        idle = monotonic() - max(fetcher.polled_at, app.takeover.asked_at)
        if idle > STUCK_SECONDS:
            await self.crash(RuntimeError(f"no records asked for in {idle:.0f} s: the worker is stuck"))

    def look_for_work(self) -> None:
        """See whether there are topics to be assigned while this worker has no partition; to be called every second."""
        fetcher = self._batch_app.batch_consumer.fetcher
        if fetcher.polled_at is None:
            fetcher.ask_for_topics()
