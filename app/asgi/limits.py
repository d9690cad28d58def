"""Limits of a request's size. A larger request gets a clear error, and its connection ends."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.asgi.answer import refuse

#: Path and query, in bytes.
MOST_URL = 16 * 1024

#: Names and values of all headers, in bytes, and how many.
MOST_HEADERS, MOST_HEADER_LINES = 16 * 1024, 100

#: A body, in bytes: nothing here takes more than a form with a token.
MOST_BODY = 64 * 1024

#: All before the body, in bytes. A little more than the sum, so that a request somewhat too large still gets its own
#: sentence.
MOST_HEAD = MOST_URL + MOST_HEADERS + 8 * 1024

TOO_LONG_URL = f"The address is longer than {MOST_URL:,} bytes; ask for less at once."
TOO_LARGE_HEADERS = f"The headers are larger than {MOST_HEADERS:,} bytes or more than {MOST_HEADER_LINES}; send fewer."
TOO_LARGE_BODY = f"The body is larger than {MOST_BODY:,} bytes; nothing here takes so much."
UNKNOWN_LENGTH = "A body must come with its Content-Length."


class RequestLimits:
    """Answers 414, 431, 413 or 411 to what is too large, or may be."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on unless it is too large."""
        fault = _fault(scope) if scope["type"] == "http" else None
        if fault is None:
            await self.app(scope, receive, send)
        else:
            status, detail = fault
            await refuse(scope, send, status, detail, {"connection": "close"})


def _fault(scope: Scope) -> tuple[int, str] | None:
    url = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
    if url > MOST_URL:
        return 414, TOO_LONG_URL
    headers = scope["headers"]
    if len(headers) > MOST_HEADER_LINES or sum(len(name) + len(value) for name, value in headers) > MOST_HEADERS:
        return 431, TOO_LARGE_HEADERS
    for name, value in headers:
        if name == b"content-length" and not (value.isdigit() and len(value) < 10 and int(value) <= MOST_BODY):
            return 413, TOO_LARGE_BODY
        if name == b"transfer-encoding":
            return 411, UNKNOWN_LENGTH
    return None
