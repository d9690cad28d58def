"""The coordinator's log says which transaction is decided, and when its markers are there."""

import time
from contextlib import closing

from tests.harness.chaos.decided import Decided
from tests.integration.conftest import Deploy
from tests.integration.topic_log import TopicLog
from tests.integration.waiting import eventually


def test_a_commit_is_decided_for_a_moment_and_an_open_or_aborted_transaction_never(deploy: Deploy) -> None:
    deployment = deploy(partitions=1)
    log = TopicLog(str(deployment.settings.kafka_bootstrap))
    writer = log.writer("ours")
    log.commit(writer, [], log.records("makes the coordinator's log"))
    with closing(Decided(deployment.settings)) as decided:
        assert "ours" not in decided.at(time.time())
        before = time.time()
        log.commit(writer, [], log.records("a"))
        log.abort("b")
        log.open_transaction("c")
        milliseconds = range(int(1000 * before), int(1000 * time.time()) + 1)
        found = [(millisecond, decided.at(millisecond / 1000)) for millisecond in milliseconds]
        assert {id_ for _, ids in found for id_ in ids} == {"ours"}
        last = max(millisecond for millisecond, ids in found if ids)
        assert not any(ids for millisecond, ids in found if millisecond > last)
        eventually(lambda: not decided.at(time.time() + 1), 20)  # Its last marker, the group's offset's, may be late.
        assert decided.at(before - 1) == frozenset()
