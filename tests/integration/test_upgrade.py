"""Workers of two versions in one group, under load: forward, and one of them back."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import cast

from app.broker import Broker
from app.domain.records import Bar
from app.engine.progress import PROGRESS_KEY
from app.topic_admin import create, ensure_topics
from app.topics import Topic
from tests.integration.bars import random_bars
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment, final
from tests.integration.waiting import eventually
from tests.oracle import differences, final_signals

#: Nothing of this version knows it: see tests/integration/next_version.py.
NEXT = "tests.integration.next_version"


def test_two_workers_roll_to_a_next_version_and_back_under_load(deploy: Deploy) -> None:
    deployment = deploy(partitions=4, batch_max=500)
    bars = list(random_bars(symbols=50, minutes=200, seed=10))
    ensure_topics(deployment.settings)
    counts = Topic(f"{deployment.settings.id}-counts-changelog", 4, deployment.topics.windows_changelog.config)
    create(Broker(deployment.settings), [counts], replication_factor=1)
    workers = {name: deployment.start_worker(name) for name in ("first", "second")}
    with load(deployment, bars):
        for worker in workers.values():
            worker.wait_ready()
        for name, program in (("first", NEXT), ("second", NEXT), ("first", "app.main")):
            assert workers[name].terminate(seconds=30) == 0, workers[name].tail()
            workers[name] = deployment.start_worker(name, program).wait_ready()
    deployment.settle()

    signals = deployment.signals()
    assert differences(final_signals(bars, deployment.settings.strategy), final(signals)) == []
    assert deployment.count(deployment.topics.dead_letters) == 0
    eventually(lambda: counted(deployment, counts) == len(signals), 30, lambda: str(counted(deployment, counts)))


@contextmanager
def load(deployment: Deployment, bars: Sequence[Bar]) -> Iterator[None]:
    """Bars all the time; what is left of them is sent in the end."""
    left = iter(bars)
    done = threading.Event()

    def send() -> None:
        while not done.wait(0.2):
            deployment.send(islice(left, 200))

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield
    finally:
        done.set()
        sending.join()
    deployment.send(left)


def counted(deployment: Deployment, changelog: Topic) -> int:
    """The sum over the newest value of each key; next_version.py says where the count is."""
    newest = {
        message.key(): cast(bytes, message.value())
        for message in deployment.messages(changelog)
        if message.key() != PROGRESS_KEY
    }
    return sum(int.from_bytes(value[8:16], "little") for value in newest.values())
