from app.domain.provenance import Provenance, in_use, provenance_of

LIVE, OLD, OTHER = Provenance("live", "a", ""), Provenance("backfill", "b", ""), Provenance("replay", "c", "")


def test_in_use_keeps_the_order_and_renames() -> None:
    assert in_use([LIVE, OLD, OTHER], [2, 0, 2]) == ([LIVE, OTHER], {0: 0, 2: 1})


def test_the_same_texts_are_one_object() -> None:
    first, second = (provenance_of("live", "alpaca", "".join(["i", "ex"]), "raw") for _ in range(2))
    assert first is second
    assert first == Provenance("live", "alpaca", "iex", "raw")
