import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import GroupAuthorizationFailedError, GroupCoordinatorNotAvailableError, KafkaError

from app.engine.app import BatchApp
from app.engine.consumer import BatchConsumer
from app.engine.errors import OperatorError
from app.engine.private import GroupMember
from app.engine.watched_app import STUCK_SECONDS
from tests.unit.engine.client import MemoryClient
from tests.unit.engine.made import SOURCE, make_options


class Crashing(BatchApp):
    """Notes why it would end."""

    def __init__(self, data_dir: Path, **options: Any) -> None:
        super().__init__(make_options(data_dir, **options))
        self.crashes: list[str] = []

    async def crash(self, reason: BaseException) -> None:
        self.crashes.append(str(reason))


async def called_at_once(work: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    return await work(*arguments)


def asking(data_dir: Path) -> tuple[Crashing, MemoryClient]:
    """An app, and the client that it asks about its group, without a thread."""
    app, client = Crashing(data_dir), MemoryClient()
    app.batch_consumer.fetcher._consumer = cast(Any, client)
    app.batch_consumer.fetcher.call_thread = called_at_once  # type: ignore[method-assign, assignment]
    return app, client


async def test_what_a_person_must_mend_ends_the_worker(tmp_path: Path) -> None:
    checked: list[Any] = []

    def check(app: BatchApp, members: Sequence[GroupMember]) -> None:
        checked.append((app, members))
        if len(checked) > 1:
            raise OperatorError("the topic was deleted")

    members = [GroupMember("1", "stock-signals@127.0.0.1:8001", "/127.0.0.1")]

    async def listed() -> list[GroupMember]:
        return members

    app = Crashing(tmp_path, check=check)
    consumer: Any = SimpleNamespace(stream_tps=set, fetcher=SimpleNamespace(members=listed))
    app.consumer = consumer
    await app.check()
    assert app.crashes == []
    consumer.stream_tps = lambda: {SOURCE}
    await app.check()
    assert checked == [(app, []), (app, members)]
    assert app.crashes == ["the topic was deleted"]


async def test_a_worker_that_asks_for_nothing_ends_itself(tmp_path: Path) -> None:
    app = Crashing(tmp_path)
    fetcher = app.batch_consumer.fetcher
    await app.end_when_stuck()
    fetcher.polled_at = monotonic()
    await app.end_when_stuck()
    assert app.crashes == []
    fetcher.polled_at -= STUCK_SECONDS + 1
    await app.end_when_stuck()
    assert "the worker is stuck" in app.crashes[0]


async def test_a_worker_that_may_not_join_its_group_ends_and_names_the_right(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app, client = asking(tmp_path)
    await app.end_when_refused()
    client.refusal = GroupCoordinatorNotAvailableError()
    await app.end_when_refused()
    assert app.crashes == []
    assert "GroupCoordinatorNotAvailable" in caplog.text
    client.refusal = GroupAuthorizationFailedError(app.options.id)
    await app.end_when_refused()
    assert f"lack the right Read on group {app.options.id}" in app.crashes[0]


async def test_a_client_that_has_given_up_its_group_ends_the_worker(tmp_path: Path) -> None:
    app, client = asking(tmp_path)
    client.refusal = KafkaError("Unexpected error during coordination")
    client._coordination_task.set_result(None)
    with pytest.raises(KafkaError, match="during coordination"):
        await app.end_when_refused()


async def test_a_worker_whose_batches_wait_is_not_stuck(tmp_path: Path) -> None:
    app = Crashing(tmp_path)
    app.batch_consumer.fetcher.polled_at = monotonic() - STUCK_SECONDS - 1
    app.waits[SOURCE] = "the disk is full"
    await app.end_when_stuck()
    del app.waits[SOURCE]
    await app.end_when_stuck()
    assert app.crashes == []
    app.batch_consumer.fetcher.polled_at -= STUCK_SECONDS + 1
    await app.end_when_stuck()
    assert len(app.crashes) == 1


async def test_a_worker_that_takes_partitions_over_is_not_stuck(tmp_path: Path) -> None:
    app = Crashing(tmp_path)
    app.batch_consumer.fetcher.polled_at = monotonic() - STUCK_SECONDS - 1
    app.takeover._fencing_at = monotonic()
    await app.end_when_stuck()
    assert app.crashes == []


async def test_a_worker_without_partitions_asks_which_topics_there_are(
    app: BatchApp, consumer: BatchConsumer, client: MemoryClient
) -> None:
    async def asked() -> list[str]:
        await consumer.fetcher.call_thread(asyncio.sleep, 0)
        return [what for what, _ in client.asked]

    app.look_for_work()
    assert await asked() == ["topics"]
    consumer.fetcher.polled_at = monotonic()
    app.look_for_work()
    assert await asked() == ["topics"]


async def test_whether_it_is_stuck_is_asked_while_tables_are_restored_too(app: BatchApp) -> None:
    # Faust's timers start after the first recovery, a service's tasks with the service.
    assert any(task.fun.__name__ == "_watch_polling" for task in app._get_tasks())
