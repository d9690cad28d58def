"""How large a request may be."""

import pytest

from app.asgi.limits import MOST_BODY, MOST_HEADER_LINES, MOST_HEADERS, MOST_URL, RequestLimits
from tests.unit.asgi.asking import ask, hello


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/" + "a" * (MOST_URL - 1), [], 200),
        ("/" + "a" * MOST_URL, [], 414),
        ("/signals?run=" + "a" * MOST_URL, [], 414),
        ("/" + "%41" * (MOST_URL // 3), [], 200),
        ("/" + "%41" * (MOST_URL // 2), [], 414),
        ("/", [("x", "a" * (MOST_HEADERS - 1))], 200),
        ("/", [("x", "a" * MOST_HEADERS)], 431),
        ("/", [("x", "a")] * MOST_HEADER_LINES, 200),
        ("/", [("x", "a")] * (MOST_HEADER_LINES + 1), 431),
        ("/", [("content-length", str(MOST_BODY))], 200),
        ("/", [("content-length", str(MOST_BODY + 1))], 413),
        ("/", [("content-length", "9" * 5000)], 413),
        ("/", [("content-length", "-1")], 413),
        ("/", [("transfer-encoding", "chunked")], 411),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_too_large_gets_a_clear_answer(path: str, headers: list[tuple[str, str]], status: int) -> None:
    answer = await ask(RequestLimits(hello), path, headers)
    assert answer.status == status
    if status != 200:
        assert answer.header("connection") == "close"
        assert b'"detail": "' in answer.body
