"""Checks the token, and the cookie that replaces it in a browser."""

import hmac
import re
import time
from collections.abc import Callable, Sequence
from hashlib import sha256

from pydantic import SecretStr
from starlette.types import Scope

#: How long a login lasts, in seconds.
LOGIN_SECONDS = 7 * 24 * 60 * 60

_COOKIE = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})")
_MOST_COOKIES = 20


class Token:
    """Tells whether a request may be answered.

    The cookie does not hold the token: it is the time at which it ends, and a signature of that with the token. So it
    is good on every worker with this token and after a restart, and another token ends all logins.
    """

    def __init__(self, token: SecretStr, clock: Callable[[], float] = time.time) -> None:
        self._key = token.get_secret_value().encode()
        self._digest = sha256(self._key).digest()
        self._clock = clock
        #: A browser sends a cookie to all ports of a host: workers with other tokens have other names for theirs.
        self.cookie_name = f"stocks_login_{self._signature('name')[:8]}"

    def is_right(self, given: str) -> bool:
        """Whether it is the token, in a time that says nothing of it."""
        return hmac.compare_digest(sha256(given.encode()).digest(), self._digest)

    def cookie(self) -> str:
        """The value of a cookie that is good from now on."""
        ends = str(int(self._clock()) + LOGIN_SECONDS)
        return f"{ends}.{self._signature(ends)}"

    def is_login(self, value: str) -> bool:
        """Whether the value of a cookie came from `cookie`, not too long ago."""
        match = _COOKIE.fullmatch(value)
        if not match:
            return False
        ends, signature = match.groups()
        return hmac.compare_digest(signature, self._signature(ends)) and self._clock() < int(ends)

    def admits(self, scope: Scope) -> bool:
        """Whether a request carries the token, in one header Authorization, or a cookie of a login."""
        headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        given = [value.decode("latin-1") for name, value in headers if name == b"authorization"]
        if given:
            # Two of them would let a proxy see one and this worker the other.
            return len(given) == 1 and self.is_right(_bearer(given[0]))
        return any(self.is_login(value) for value in _cookies(headers, self.cookie_name)[:_MOST_COOKIES])

    def _signature(self, text: str) -> str:
        return hmac.new(self._key, f"stocks login {text}".encode(), sha256).hexdigest()


def _bearer(value: str) -> str:
    scheme, _, token = value.partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else ""


def _cookies(headers: Sequence[tuple[bytes, bytes]], name: str) -> list[str]:
    """All values of a cookie: a browser may have several of one name, for several paths."""
    pairs = (pair for key, line in headers if key == b"cookie" for pair in line.decode("latin-1").split(";"))
    found = (pair.strip().partition("=") for pair in pairs)
    return [value for key, _, value in found if key == name]
