import pytest

from app.engine.errors import OffsetGap
from app.engine.offset_tracker import OffsetTracker
from tests.unit.engine.made import SOURCE, batch, records


@pytest.fixture
def tracker() -> OffsetTracker:
    """A partition sought to offset 100."""
    made = OffsetTracker(SOURCE)
    made.seek(100)
    return made


def test_nothing_can_be_committed_before_the_first_seek() -> None:
    tracker = OffsetTracker(SOURCE)
    assert tracker.committable() is None
    assert tracker.fetch(records(0), 1) is None


def test_after_a_seek_the_offset_sought_is_committed(tracker: OffsetTracker) -> None:
    assert tracker.committable() == 100


def test_a_batch_covers_the_offsets_without_records_before_it(tracker: OffsetTracker) -> None:
    fetched = tracker.fetch(records(103, 104), 107)
    assert fetched is not None
    assert (fetched.start, fetched.end) == (100, 107)


def test_only_acked_batches_are_committed(tracker: OffsetTracker) -> None:
    fetched = tracker.fetch(records(100, 101), 102)
    assert fetched is not None
    assert tracker.committable() == 100
    assert tracker.begin(fetched)
    assert tracker.committable() == 100
    fetched.acked = True
    assert tracker.committable() == 102


def test_a_batch_acked_early_waits_for_those_before_it(tracker: OffsetTracker) -> None:
    first, second, third = (tracker.fetch(records(offset), offset + 1) for offset in (100, 101, 102))
    assert first is not None
    assert second is not None
    assert third is not None
    assert all(tracker.begin(each) for each in (first, second, third))
    second.acked = True
    assert tracker.committable() == 100
    first.acked = True
    assert tracker.committable() == 102
    third.acked = True
    assert tracker.committable() == 103


def test_a_batch_lost_on_its_way_to_the_agent_is_an_offset_gap(tracker: OffsetTracker) -> None:
    tracker.fetch(records(100, 101), 102)
    after = tracker.fetch(records(102), 103)
    assert after is not None
    with pytest.raises(OffsetGap, match=r"stocks\.raw\.avro\[0\].* starts at offset 102.* ended at 100"):
        tracker.begin(after)
    assert tracker.committable() == 100


def test_a_batch_begun_twice_is_an_offset_gap(tracker: OffsetTracker) -> None:
    fetched = tracker.fetch(records(100), 101)
    assert fetched is not None
    assert tracker.begin(fetched)
    with pytest.raises(OffsetGap):
        tracker.begin(fetched)


def test_a_seek_voids_what_was_fetched_before_it(tracker: OffsetTracker) -> None:
    fetched = tracker.fetch(records(100, 101), 102)
    assert fetched is not None
    tracker.seek(100)
    assert not tracker.begin(fetched)
    assert tracker.committable() == 100


def test_a_seek_forgets_what_was_under_way(tracker: OffsetTracker) -> None:
    fetched = tracker.fetch(records(100, 101), 102)
    assert fetched is not None
    tracker.begin(fetched)
    tracker.seek(200)
    fetched.acked = True
    assert tracker.committable() == 200


@pytest.mark.parametrize("epoch", [0, 2])
def test_a_batch_of_another_epoch_is_void(tracker: OffsetTracker, epoch: int) -> None:
    assert not tracker.begin(batch(100, 101, epoch=epoch))


def test_a_client_that_went_back_by_itself_is_an_offset_gap(tracker: OffsetTracker) -> None:
    with pytest.raises(OffsetGap, match=r"fetched offsets 90 to 91 though 100 to 91 were due"):
        tracker.fetch(records(90, 91), 92)


def test_records_beyond_the_position_are_an_offset_gap(tracker: OffsetTracker) -> None:
    tracker.seek(50)
    with pytest.raises(OffsetGap):
        tracker.fetch(records(100, 101), 50)


def test_after_giving_up_nothing_is_taken_until_the_next_seek(tracker: OffsetTracker) -> None:
    given_up, following = tracker.fetch(records(100), 101), tracker.fetch(records(101), 102)
    assert given_up is not None
    assert following is not None
    assert tracker.begin(given_up)
    tracker.give_up(given_up)
    assert not tracker.is_current(given_up)
    assert not tracker.begin(following)
    assert tracker.fetch(records(102), 103) is None
    assert tracker.committable() == 100
    tracker.seek(100)
    again = tracker.fetch(records(100, 101), 102)
    assert again is not None
    assert tracker.begin(again)


def test_giving_up_keeps_what_was_finished_before(tracker: OffsetTracker) -> None:
    finished, given_up = tracker.fetch(records(100), 101), tracker.fetch(records(101), 102)
    assert finished is not None
    assert given_up is not None
    assert tracker.begin(finished)
    assert tracker.begin(given_up)
    finished.acked = True
    tracker.give_up(given_up)
    given_up.acked = True  # By a thread that did not know.
    assert tracker.committable() == 101


def test_giving_up_what_a_seek_made_void_stops_nothing(tracker: OffsetTracker) -> None:
    void = tracker.fetch(records(100), 101)
    assert void is not None
    assert tracker.begin(void)
    tracker.seek(100)
    tracker.give_up(void)
    again = tracker.fetch(records(100), 101)
    assert again is not None
    assert tracker.begin(again)
    assert tracker.is_current(again)
    assert not tracker.is_current(void)


def test_a_batch_of_an_assignment_before_is_void_in_the_next() -> None:
    before, after = OffsetTracker(SOURCE), OffsetTracker(SOURCE)
    before.seek(100)
    after.seek(100)
    batch = before.fetch(records(100), 101)
    assert batch is not None
    assert not after.begin(batch)


def test_transaction_markers_alone_move_the_committed_offset(tracker: OffsetTracker) -> None:
    tracker.skip(101)
    assert tracker.committable() == 101
    following = tracker.fetch(records(101), 102)
    assert following is not None
    assert following.start == 101
    assert tracker.begin(following)


def test_markers_do_not_overtake_a_batch_that_is_under_way(tracker: OffsetTracker) -> None:
    fetched = tracker.fetch(records(100), 101)
    assert fetched is not None
    tracker.skip(103)
    assert tracker.committable() == 100
    tracker.begin(fetched)
    assert tracker.committable() == 100
    fetched.acked = True
    assert tracker.committable() == 103


def test_markers_belong_to_the_batch_that_follows(tracker: OffsetTracker) -> None:
    tracker.skip(103)
    fetched = tracker.fetch(records(103), 104)
    assert fetched is not None
    assert fetched.start == 100
    assert tracker.begin(fetched)


@pytest.mark.parametrize("position", [99, 100])
def test_a_position_that_did_not_move_skips_nothing(tracker: OffsetTracker, position: int) -> None:
    tracker.skip(position)
    assert tracker.committable() == 100


def test_nothing_is_skipped_before_the_first_seek() -> None:
    tracker = OffsetTracker(SOURCE)
    tracker.skip(10)
    assert tracker.committable() is None
