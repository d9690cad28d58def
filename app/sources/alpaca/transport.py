"""What the alpaca-trade-api client's requests go through: they end in time, and a refusal is known as such.

The client itself waits for ever, retries some statuses with a fixed sleep, and raises one of two errors, depending
on whether the answer was JSON.
"""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

_CHUNK = 1 << 16
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Transport(HTTPAdapter):
    """Ends a request after `timeout_s` of silence, or after twice that in all; `on_headers` gets each answer's headers.

    Raises requests.HTTPError for an answer other than success, redirects too, and another requests.RequestException
    when there is no answer or half of one.
    """

    def __init__(self, timeout_s: float, on_headers: Callable[[Mapping[str, str]], None]) -> None:
        super().__init__()
        self._timeout_s, self._on_headers = timeout_s, on_headers

    def mount(self, session: Session, url: str) -> None:
        """Takes the session's requests, which go to `url`; no proxy comes between us and this machine."""
        session.mount("https://", self)
        session.mount("http://", self)
        if urlsplit(url).hostname in _LOOPBACK:
            session.trust_env = False

    def send(self, request: PreparedRequest, stream: bool = False, timeout: Any = None, **kwargs: Any) -> Response:  # type: ignore[override]
        """One request, with our timeout in place of the caller's."""
        # A stopwatch on the network, not the time of day that a Clock tells.
        deadline = time.monotonic() + 2 * self._timeout_s
        response = super().send(request, stream=True, timeout=self._timeout_s, **kwargs)
        response.raw = BytesIO(_body(response, deadline))
        self._on_headers(response.headers)
        if response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise requests.HTTPError(f"HTTP {response.status_code}", response=response)
        return response


def _body(response: Response, deadline: float) -> bytes:
    chunks = []
    try:
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            chunks.append(chunk)
            if time.monotonic() > deadline:
                raise requests.ReadTimeout("the answer is too slow")
    except HTTPError as error:
        raise requests.ConnectionError(error) from error
    finally:
        # What was read to its end has gone back to the pool by now; a connection with half an answer must not.
        response.raw.close()
    return b"".join(chunks)
