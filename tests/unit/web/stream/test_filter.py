import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.web.stream.made import batch, record
from web.stream.filter import StreamFilter

RUNS, SYMBOLS = ("one", "two"), ("A", "B", "C")
RECORDS = st.lists(st.tuples(st.sampled_from(RUNS), st.sampled_from(SYMBOLS), st.booleans()), max_size=12)
FILTERS = st.builds(
    StreamFilter,
    st.none() | st.sampled_from(RUNS),
    st.none() | st.frozensets(st.sampled_from(SYMBOLS), min_size=1),
    st.booleans(),
)


@given(RECORDS, FILTERS)
def test_what_is_wanted_of_a_batch_is_what_is_wanted_of_each(
    said: list[tuple[str, str, bool]], wanted: StreamFilter
) -> None:
    records = [
        record(offset, run_id=run_id, symbol=symbol, is_transition=turn)
        for offset, (run_id, symbol, turn) in enumerate(said)
    ]
    made = batch(records, (0,))
    indexes = [index for index, each in enumerate(records) if wanted.wants(each)]
    assert wanted.wanted(made) == indexes
    assert wanted.may_want(made) or not indexes


@pytest.mark.parametrize(
    ("wanted", "offsets"),
    [
        (StreamFilter("one"), [0, 1, 2]),
        (StreamFilter("one", frozenset("A")), [0, 2]),
        (StreamFilter("one", transitions=True), [2]),
        (StreamFilter("two"), [3]),
        (StreamFilter(None), [0, 1, 2, 3]),
    ],
)
def test_by_run_symbol_and_transition(wanted: StreamFilter, offsets: list[int]) -> None:
    records = [
        record(0, run_id="one", symbol="A"),
        record(1, run_id="one", symbol="B"),
        record(2, run_id="one", symbol="A", is_transition=True),
        record(3, run_id="two", symbol="A"),
    ]
    assert wanted.wanted(batch(records, (0,))) == offsets


def test_the_run_is_in_ids_where_the_address_does_not_name_it() -> None:
    assert StreamFilter("one").run_in_id is None
    assert StreamFilter("one", named=False).run_in_id == "one"
