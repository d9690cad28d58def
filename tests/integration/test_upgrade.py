"""Workers of two versions in one group, under load: they roll forward; on the way back the older one is refused."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from app.domain.records import Bar
from app.engine.checkpoint import CHECKPOINT_KEY, decode_checkpoint
from app.kafka.topic_admin import ensure_topics
from tests.harness.crashing.tables import applied, changelog
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.integration.random_bars import random_bars
from tests.integration.waiting import START_SECONDS, eventually

#: Nothing of this version can read its rows: see tests/integration/next_version.py.
NEXT = "tests.integration.next_version"


def test_two_workers_roll_to_a_next_version_under_load_and_the_older_one_is_refused_afterwards(deploy: Deploy) -> None:
    deployment = deploy(partitions=4, batch_max=500)
    bars = list(random_bars(symbols=50, minutes=600, seed=10))
    ensure_topics(deployment.settings)
    workers = {name: deployment.start_worker(name) for name in ("first", "second")}
    with load(deployment, bars):
        for worker in workers.values():
            worker.wait_ready()
        for name in workers:
            assert workers[name].terminate(seconds=30) == 0, workers[name].tail()
            workers[name] = deployment.start_worker(name, NEXT, forked=False).wait_ready()
        eventually(lambda: set(versions(deployment).values()) == {2}, 60, lambda: str(versions(deployment)))

        # And back: today's version finds rows of the next one.
        assert workers["first"].terminate(seconds=30) == 0
        before = workers["first"].log.stat().st_size
        refused = deployment.start_worker("first")
        assert refused.process.wait(START_SECONDS) == 1
        said = refused.log.read_bytes()[before:].decode(errors="replace")
        assert "Error: The rows of table windows have format version 2, this program writes version 1: run a newer" in (
            said
        )
        assert workers["second"].process.poll() is None, workers["second"].tail()
        workers["first"] = deployment.start_worker("first", NEXT, forked=False).wait_ready()
    deployment.settle()
    assert deployment.wrong_signals(bars) == []
    assert deployment.count(deployment.topics.dead_letters) == 0
    assert set(versions(deployment).values()) == {2}, "the older one wrote a checkpoint"
    rows = [value for rows in newest(deployment).values() for key, value in rows.items() if key != CHECKPOINT_KEY]
    assert {value[0] for value in rows} == {1, 2}


def newest(deployment: Deployment) -> dict[int, dict[bytes, bytes]]:
    """What compaction would leave of the changelog, by partition."""
    return {partition: applied({}, records) for partition, records in changelog(deployment.settings).items()}


def versions(deployment: Deployment) -> dict[int, int]:
    """Which version of rows each partition's newest checkpoint tells of."""
    found = {}
    for partition, rows in newest(deployment).items():
        state = decode_checkpoint(rows[CHECKPOINT_KEY]).state
        found[partition] = int(json.loads(state)["rows"])
    return found


@contextmanager
def load(deployment: Deployment, bars: Sequence[Bar]) -> Iterator[None]:
    """Bars all the time; what is left of them is sent in the end."""
    left = iter(bars)
    done = threading.Event()

    def send() -> None:
        while not done.wait(0.2):
            deployment.send(islice(left, 40))

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield
    finally:
        done.set()
        sending.join()
    deployment.send(left)
