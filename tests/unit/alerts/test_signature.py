"""The signature, and the ten lines of docs/alerts.md that verify it."""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.alerts.signature import parse_secret, sign

PAGE = Path(__file__).parents[3] / "docs" / "alerts.md"
SECRET = base64.b64encode(bytes(range(32))).decode()
NOW_S = 1_731_594_660


@pytest.fixture
def verify() -> Callable[..., bool]:
    [code] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(code.strip().splitlines()) <= 10
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the page's own example
    found: Callable[..., bool] = names["is_genuine"]
    return found


def headers(body: bytes, timestamp_s: int = NOW_S) -> dict[str, str]:
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": sign(parse_secret(SECRET), "msg_1", timestamp_s, body),
    }


def test_the_example_of_the_standard() -> None:
    """From https://www.standardwebhooks.com, as its libraries have it in their tests."""
    key = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_lines_on_the_page_take_what_is_genuine(verify: Callable[..., bool]) -> None:
    assert verify(headers(b'{"a": 1}'), b'{"a": 1}', SECRET, NOW_S + 3)
    assert verify(headers(b'{"a": 1}'), b'{"a": 1}', f"whsec_{SECRET}", NOW_S)


def test_and_refuse_what_is_not(verify: Callable[..., bool]) -> None:
    body = b'{"a": 1}'
    genuine = headers(body)
    assert not verify(genuine, b'{"a": 2}', SECRET, NOW_S)
    assert not verify(genuine, body, base64.b64encode(bytes(32)).decode(), NOW_S)
    assert not verify(genuine | {"webhook-timestamp": str(NOW_S + 1)}, body, SECRET, NOW_S)
    assert not verify(genuine | {"webhook-id": "msg_2"}, body, SECRET, NOW_S)
    assert not verify(genuine, body, SECRET, NOW_S + 301), "an old one that somebody sends again"


@pytest.mark.parametrize("text", ["hunter2", "", "whsec_", base64.b64encode(b"short").decode(), f"{SECRET}!", "ä"])
def test_a_secret_that_is_none_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="openssl rand -base64 32") as caught:
        parse_secret(text)
    assert text in ("", "whsec_") or text not in str(caught.value)
    assert caught.value.__cause__ is None
