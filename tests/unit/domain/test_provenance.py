from app.domain.provenance import Provenance, provenance_of


def test_the_same_texts_are_one_object() -> None:
    first, second = (provenance_of("live", "alpaca", "".join(["i", "ex"]), "raw") for _ in range(2))
    assert first is second
    assert first == Provenance("live", "alpaca", "iex", "raw")
