"""Whether a request may be answered."""

import hmac
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import SecretStr

from tests.unit.web.access.conftest import TOKEN, ManualClock
from web.access.token import LOGIN_SECONDS, Token


def admits(token: Token, *headers: tuple[str, str]) -> bool:
    return token.admits({"headers": [(name.encode(), value.encode("latin-1")) for name, value in headers]})


@pytest.mark.parametrize("value", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER   {TOKEN} "])
def test_the_token_in_the_header(token: Token, value: str) -> None:
    assert admits(token, ("authorization", value))


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("authorization", "")],
        [("authorization", TOKEN)],
        [("authorization", f"Basic {TOKEN}")],
        [("authorization", f"Bearer{TOKEN}")],
        [("authorization", "Bearer ")],
        [("authorization", f"Bearer {TOKEN}x")],
        [("authorization", f"Bearer {TOKEN[:-1]}")],
        [("authorization", f"Bearer {TOKEN.upper()}")],
        [("authorization", f"Bearer {TOKEN}, Bearer {TOKEN}")],
        [("authorization", f"Bearer {TOKEN}"), ("authorization", f"Bearer {TOKEN}")],
        [("authorization", "Bearer x"), ("authorization", f"Bearer {TOKEN}")],
        [("authorization", "Bearer \xff\x00")],
        [("proxy-authorization", f"Bearer {TOKEN}")],
        [("x-api-token", TOKEN)],
        [("cookie", f"token={TOKEN}")],
    ],
)
def test_nothing_else_in_a_header(token: Token, headers: Sequence[tuple[str, str]]) -> None:
    assert not admits(token, *headers)


def test_the_cookie_of_a_login_lasts_a_week_and_does_not_hold_the_token(token: Token, clock: ManualClock) -> None:
    cookie = f"{token.cookie_name}={token.cookie()}"
    assert TOKEN not in cookie
    assert admits(token, ("cookie", cookie))
    clock.now += LOGIN_SECONDS - 1
    assert admits(token, ("cookie", cookie))
    clock.now += 1
    assert not admits(token, ("cookie", cookie))


def test_it_is_good_on_every_worker_with_the_token_and_on_no_other(token: Token, clock: ManualClock) -> None:
    value = token.cookie()
    assert Token(SecretStr(TOKEN), clock).is_login(value)
    other = Token(SecretStr("another-token-altogether"), clock)
    assert not other.is_login(value)
    assert other.cookie_name != token.cookie_name


def test_nobody_makes_it_last_longer(token: Token) -> None:
    ends, _, signature = token.cookie().partition(".")
    for forged in (
        f"{int(ends) + 1}.{signature}",
        f"{ends}.{signature[:-1]}",
        f"0{ends}.{signature}",
        f"{ends}.{signature.upper()}",
        f"{ends}.",
        ends,
        "",
        f"{ends}.{'0' * 64}",
        f"{'9' * 400}.{signature}",
    ):
        assert not token.is_login(forged), forged


def test_among_many_cookies_one_is_enough(token: Token) -> None:
    name, good = token.cookie_name, token.cookie()
    assert admits(token, ("cookie", f"a=b; {name}=bad; {name}={good};c"))
    assert admits(token, ("cookie", "a=b"), ("cookie", f"{name}={good}"))
    assert not admits(token, ("cookie", f"x{name}={good}; {name}"))
    # Not that somebody has thousands of signatures computed by one request.
    assert not admits(token, ("cookie", f"{name}=bad;" * 500 + f"{name}={good}"))


def test_a_wrong_header_is_not_made_good_by_a_cookie(token: Token) -> None:
    cookie = ("cookie", f"{token.cookie_name}={token.cookie()}")
    assert not admits(token, ("authorization", "Bearer wrong"), cookie)


def test_comparing_takes_the_same_time_whatever_is_given(token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    """All goes through compare_digest, with arguments of one length."""
    compared: list[tuple[Any, Any]] = []
    original = hmac.compare_digest

    def compare(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return original(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    given = ["", "x", TOKEN[:-1], TOKEN, TOKEN * 1000, "ö"]
    assert [token.is_right(each) for each in given] == [each == TOKEN for each in given]
    assert len(compared) == len(given)
    assert {len(side) for pair in compared for side in pair} == {32}
