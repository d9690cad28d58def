import pytest
from app.engine.spans import Hole, Spans

from tests.unit.engine.made import SOURCE, batch, records


@pytest.fixture
def spans() -> Spans:
    """A partition sought to offset 100."""
    made = Spans(SOURCE)
    made.seek(100)
    return made


def test_nothing_can_be_committed_before_the_first_seek() -> None:
    spans = Spans(SOURCE)
    assert spans.committable() is None
    assert spans.fetch(records(0), 1) is None


def test_after_a_seek_the_offset_sought_is_committed(spans: Spans) -> None:
    assert spans.committable() == 100


def test_a_batch_covers_the_offsets_without_records_before_it(spans: Spans) -> None:
    fetched = spans.fetch(records(103, 104), 107)
    assert fetched is not None
    assert (fetched.start, fetched.end) == (100, 107)


def test_only_acked_batches_are_committed(spans: Spans) -> None:
    fetched = spans.fetch(records(100, 101), 102)
    assert fetched is not None
    assert spans.committable() == 100
    assert spans.begin(fetched)
    assert spans.committable() == 100
    fetched.acked = True
    assert spans.committable() == 102


def test_a_batch_acked_early_waits_for_those_before_it(spans: Spans) -> None:
    first, second, third = (spans.fetch(records(offset), offset + 1) for offset in (100, 101, 102))
    assert first is not None
    assert second is not None
    assert third is not None
    assert all(spans.begin(each) for each in (first, second, third))
    second.acked = True
    assert spans.committable() == 100
    first.acked = True
    assert spans.committable() == 102
    third.acked = True
    assert spans.committable() == 103


def test_a_batch_lost_on_its_way_to_the_agent_is_a_hole(spans: Spans) -> None:
    spans.fetch(records(100, 101), 102)
    after = spans.fetch(records(102), 103)
    assert after is not None
    with pytest.raises(Hole, match=r"stocks\.raw\.avro\[0\].* starts at offset 102.* ended at 100"):
        spans.begin(after)
    assert spans.committable() == 100


def test_a_batch_begun_twice_is_a_hole(spans: Spans) -> None:
    fetched = spans.fetch(records(100), 101)
    assert fetched is not None
    assert spans.begin(fetched)
    with pytest.raises(Hole):
        spans.begin(fetched)


def test_a_seek_voids_what_was_fetched_before_it(spans: Spans) -> None:
    fetched = spans.fetch(records(100, 101), 102)
    assert fetched is not None
    spans.seek(100)
    assert not spans.begin(fetched)
    assert spans.committable() == 100


def test_a_seek_forgets_what_was_under_way(spans: Spans) -> None:
    fetched = spans.fetch(records(100, 101), 102)
    assert fetched is not None
    spans.begin(fetched)
    spans.seek(200)
    fetched.acked = True
    assert spans.committable() == 200


@pytest.mark.parametrize("epoch", [0, 2])
def test_a_batch_of_another_epoch_is_void(spans: Spans, epoch: int) -> None:
    assert not spans.begin(batch(100, 101, epoch=epoch))


def test_a_client_that_went_back_by_itself_is_a_hole(spans: Spans) -> None:
    with pytest.raises(Hole, match=r"fetched offsets 90 to 91 though 100 to 91 were due"):
        spans.fetch(records(90, 91), 92)


def test_records_beyond_the_position_are_a_hole(spans: Spans) -> None:
    spans.seek(50)
    with pytest.raises(Hole):
        spans.fetch(records(100, 101), 50)


def test_after_giving_up_nothing_is_taken_until_the_next_seek(spans: Spans) -> None:
    given_up, following = spans.fetch(records(100), 101), spans.fetch(records(101), 102)
    assert given_up is not None
    assert following is not None
    assert spans.begin(given_up)
    spans.give_up()
    assert not spans.begin(following)
    assert spans.fetch(records(102), 103) is None
    assert spans.committable() == 100
    spans.seek(100)
    again = spans.fetch(records(100, 101), 102)
    assert again is not None
    assert spans.begin(again)


def test_a_batch_of_an_assignment_before_is_void_in_the_next() -> None:
    before, after = Spans(SOURCE), Spans(SOURCE)
    before.seek(100)
    after.seek(100)
    batch = before.fetch(records(100), 101)
    assert batch is not None
    assert not after.begin(batch)


def test_transaction_markers_alone_move_the_committed_offset(spans: Spans) -> None:
    spans.skip(101)
    assert spans.committable() == 101
    following = spans.fetch(records(101), 102)
    assert following is not None
    assert following.start == 101
    assert spans.begin(following)


def test_markers_do_not_overtake_a_batch_that_is_under_way(spans: Spans) -> None:
    fetched = spans.fetch(records(100), 101)
    assert fetched is not None
    spans.skip(103)
    assert spans.committable() == 100
    spans.begin(fetched)
    assert spans.committable() == 100
    fetched.acked = True
    assert spans.committable() == 103


def test_markers_belong_to_the_batch_that_follows(spans: Spans) -> None:
    spans.skip(103)
    fetched = spans.fetch(records(103), 104)
    assert fetched is not None
    assert fetched.start == 100
    assert spans.begin(fetched)


@pytest.mark.parametrize("position", [99, 100])
def test_a_position_that_did_not_move_skips_nothing(spans: Spans, position: int) -> None:
    spans.skip(position)
    assert spans.committable() == 100


def test_nothing_is_skipped_before_the_first_seek() -> None:
    spans = Spans(SOURCE)
    spans.skip(10)
    assert spans.committable() is None
