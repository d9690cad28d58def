"""What was asked, and when."""

from collections.abc import Mapping
from typing import NamedTuple


class LoggedRequest(NamedTuple):
    """One request: when it came (milliseconds of the double's clock), its path and query, and the answer's status."""

    moment_ms: int
    path: str
    query: Mapping[str, str]
    status: int = 0

    @property
    def is_further_page(self) -> bool:
        return "page_token" in self.query


def most_in_a_minute(requests: list[LoggedRequest]) -> int:
    """The most requests in any 60 seconds, wherever they begin."""
    most = first = 0
    for last, request in enumerate(requests):
        while requests[first].moment_ms <= request.moment_ms - 60_000:
            first += 1
        most = max(most, last - first + 1)
    return most
