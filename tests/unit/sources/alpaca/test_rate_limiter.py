import threading
from collections.abc import Mapping

import pytest

from app.sources.alpaca.errors import Interrupted
from app.sources.alpaca.rate_limiter import RateLimiter
from tests.unit.sources.alpaca.conftest import HastyClock

START_MS = 1_731_594_600_000
OPEN = threading.Event()


@pytest.fixture
def clock() -> HastyClock:
    return HastyClock(START_MS)


@pytest.fixture
def limiter(clock: HastyClock) -> RateLimiter:
    return RateLimiter(clock, 10)


def test_never_more_than_nine_tenths_in_any_minute(limiter: RateLimiter, clock: HastyClock) -> None:
    sent = []
    for number in range(40):
        limiter.wait(OPEN)
        sent.append(clock.ms)
        clock.ms += number * 100
    assert max(sum(first <= other < first + 60_000 for other in sent) for first in sent) == 9
    assert limiter.last_minute() <= 9


def test_few_requests_wait_for_nothing(limiter: RateLimiter, clock: HastyClock) -> None:
    for _ in range(30):
        limiter.wait(OPEN)
        clock.ms += 7_000
    assert clock.ms == START_MS + 30 * 7_000
    assert limiter.last_minute() == 8


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": str(START_MS // 1000 + 30)}, 0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(START_MS // 1000 + 30)}, 30),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "12"}, 12),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(START_MS // 1000 - 30)}, 0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}, 0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "inf"}, 0),
        ({"X-RateLimit-Remaining": "0"}, 0),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Thu, 14 Nov 2024 14:30:45 GMT"}, 45),
        ({"Retry-After": "later"}, 0),
        ({"Retry-After": "86400"}, 120),
        ({"Retry-After": "7", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "12"}, 12),
    ],
)
def test_what_the_server_asks_for_is_respected_within_reason(
    limiter: RateLimiter, clock: HastyClock, headers: Mapping[str, str], seconds: int
) -> None:
    limiter.wait(OPEN)
    limiter.obey(headers)
    limiter.wait(OPEN)
    assert clock.ms == START_MS + seconds * 1000
    limiter.wait(OPEN)
    assert clock.ms == START_MS + seconds * 1000


def test_a_clock_that_is_set_back_does_not_stop_it_for_hours(limiter: RateLimiter, clock: HastyClock) -> None:
    for _ in range(9):
        limiter.wait(OPEN)
    clock.ms -= 24 * 3_600_000
    limiter.wait(OPEN)
    assert clock.ms <= START_MS - 24 * 3_600_000 + 120_000


def test_closing_ends_it(limiter: RateLimiter) -> None:
    closed = threading.Event()
    closed.set()
    with pytest.raises(Interrupted):
        limiter.wait(closed)
