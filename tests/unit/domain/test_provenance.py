from app.domain.provenance import Provenance, in_use

LIVE, OLD, OTHER = Provenance("live", "a", ""), Provenance("backfill", "b", ""), Provenance("replay", "c", "")


def test_in_use_keeps_the_order_and_renames() -> None:
    assert in_use([LIVE, OLD, OTHER], [2, 0, 2]) == ([LIVE, OTHER], {0: 0, 2: 1})
