"""From its decision to its markers a transaction is decided; see tests/integration/test_decided.py for real records."""

from struct import pack

from tests.harness.chaos.decided import Commits

ONGOING, PREPARE_COMMIT, PREPARE_ABORT, COMPLETE_COMMIT, COMPLETE_ABORT = 1, 2, 3, 4, 5


def key(id_: str) -> bytes:
    return pack(">hh", 0, len(id_)) + id_.encode()


def value(status: int) -> bytes:
    return pack(">hqhib", 0, 7, 0, 15_000, status) + b"partitions and times"


def test_a_commit_is_decided_from_its_decision_to_its_markers() -> None:
    commits = Commits()
    commits.note(key("a"), value(ONGOING), 1.0)
    assert commits.decided_at(1.5) == frozenset()
    commits.note(key("a"), value(PREPARE_COMMIT), 2.0)
    assert commits.decided_at(1.9) == frozenset()
    assert commits.decided_at(9.0) == {"a"}
    commits.note(key("a"), value(COMPLETE_COMMIT), 3.0)
    assert [bool(commits.decided_at(moment)) for moment in (1.9, 2.0, 3.0, 3.1)] == [False, True, True, False]


def test_what_is_aborted_or_forgotten_is_not() -> None:
    commits = Commits()
    commits.note(key("a"), value(PREPARE_ABORT), 1.0)
    commits.note(key("a"), value(COMPLETE_ABORT), 2.0)
    commits.note(key("b"), value(COMPLETE_COMMIT), 1.0)
    commits.note(key("b"), None, 1.0)
    assert commits.decided_at(1.0) == frozenset()
