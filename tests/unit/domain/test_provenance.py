import numpy as np
import pytest

from app.domain.provenance import Provenance, distinct_provenances, provenance_of

LIVE, REPLAY = Provenance("live", "alpaca", "iex", "raw"), Provenance("replay", "file", "sip", "raw")


def test_the_same_texts_are_one_object() -> None:
    first, second = (provenance_of("live", "alpaca", "".join(["i", "ex"]), "raw") for _ in range(2))
    assert first is second
    assert first == Provenance("live", "alpaca", "iex", "raw")


@pytest.mark.parametrize("all_of", [[], [LIVE] * 3, [LIVE, REPLAY, REPLAY, LIVE], [LIVE, Provenance(*LIVE), REPLAY]])
def test_each_row_has_its_own_again(all_of: list[Provenance]) -> None:
    distinct, which = distinct_provenances(all_of)
    assert [distinct[index] for index in which] == all_of
    column = np.fromiter(all_of, object, len(all_of))
    assert distinct_provenances(column)[0] == distinct


def test_the_same_object_is_named_once() -> None:
    distinct, which = distinct_provenances([REPLAY, LIVE, REPLAY])
    assert (distinct, which.tolist()) == ([REPLAY, LIVE], [0, 1, 0])
