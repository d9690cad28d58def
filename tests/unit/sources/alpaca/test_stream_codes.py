import pytest

from app.sources.alpaca.stream_codes import by_text, refusal


@pytest.mark.parametrize(
    ("code", "advice", "lasts"),
    [
        (400, "SYMBOLS", True),
        (402, "APCA_API_SECRET_KEY", True),
        (404, "too late", False),
        (405, "polling has no such limit", True),
        (406, "stop the other", True),
        (407, "too slow", False),
        (409, "FEED=iex", True),
        (500, "internal error", False),
    ],
)
def test_says_what_to_do(code: int, advice: str, lasts: bool) -> None:
    known = refusal(code, "")
    assert advice in known.sentence
    assert known.lasts is lasts


def test_goes_by_the_text_where_the_code_is_new() -> None:
    assert refusal(None, "Connection limit exceeded") == refusal(406, "")


def test_quotes_what_it_does_not_know() -> None:
    known = refusal(499, "out of coffee")
    assert "499" in known.sentence
    assert "out of coffee" in known.sentence
    assert not known.lasts


def test_an_ordinary_reason_is_no_refusal() -> None:
    assert by_text("going away") is None
    assert by_text("") is None
