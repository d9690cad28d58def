"""What is committed before its outputs are there is found."""

from tests.harness.chaos.commits import Needs, Observation, too_early

SOURCE, OUTPUT = "raw", "signals"


def test_a_record_needs_its_own_outputs_and_those_before_it() -> None:
    needs = Needs(10, {10: 5, 11: 9, 13: 7})
    assert [needs.end(committed) for committed in (0, 10, 11, 12, 13, 14, 99)] == [0, 0, 5, 9, 9, 9, 9]


def test_nothing_is_needed_where_nothing_was_sent() -> None:
    assert Needs(3, {}).end(7) == 0


def test_a_commit_before_its_outputs_is_told() -> None:
    needs = {0: Needs(0, {0: 1, 1: 2})}
    early, late = (Observation({(SOURCE, 0): 2}, {(OUTPUT, 0): end}) for end in (1, 2))
    assert list(too_early([late], SOURCE, OUTPUT, needs)) == []
    (told,) = too_early([late, early], SOURCE, OUTPUT, needs)
    assert told == "raw[0]: 2 was committed while signals ended at 1, and its outputs at 2"


def test_what_a_decided_transaction_wrote_may_be_committed_before_its_markers_are_there() -> None:
    needs = {0: Needs(0, {0: 1, 1: 2}), 1: Needs(0, {0: 1})}
    committed, ends = {(SOURCE, 0): 2, (SOURCE, 1): 1}, {(OUTPUT, 0): 1, (OUTPUT, 1): 0}
    assert len(list(too_early([Observation(committed, ends)], SOURCE, OUTPUT, needs))) == 2
    (told,) = too_early([Observation(committed, ends, frozenset({(SOURCE, 0)}))], SOURCE, OUTPUT, needs)
    assert told.startswith("raw[1]: 1 was committed")
