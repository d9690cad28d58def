"""Whether Alpaca takes the keys, may be asked for the feed, and what the market does."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.doctor.finding import Finding, explained
from app.settings import Settings
from app.sources.clock import Clock, SystemClock
from app.times import iso

if TYPE_CHECKING:
    from app.sources.alpaca.rest import Api

_CHECK, _SYMBOL = "alpaca", "SPY"
_TIMEOUT_S, _TRIES = 5.0, 2
_RECENT_MS = 10 * 60_000
# Live bars are asked for some seconds after their minute.
_MOST_SKEW_MS = 3_000


def check_alpaca(settings: Settings, clock: Clock | None = None) -> Iterator[Finding]:
    """Keys, market, feed; one line when there are no keys."""
    if not settings.apca_api_key_id:
        yield Finding("ok", _CHECK, "no keys are set, so bars come from files or are made up")
        return
    # Its client loads pandas, which takes a second.
    from app.sources.alpaca.access import Access
    from app.sources.alpaca.errors import AlpacaError
    from app.sources.alpaca.rest import Api

    clock = clock or SystemClock()
    access = Access.of(settings)
    api = Api(access, clock, tries=_TRIES, timeout_s=_TIMEOUT_S)
    try:
        yield from _market(api, clock)
        yield _feed(api, clock)
    except AlpacaError as error:
        yield explained("broken", _CHECK, error)
    finally:
        api.close()


def _market(api: "Api", clock: Clock) -> Iterator[Finding]:
    asked_ms = clock.now_ms()
    market = api.market_clock()
    yield Finding("ok", _CHECK, "takes the keys")
    # Alpaca answered at some time between these two.
    skew_ms = max(asked_ms - market.now_ms, market.now_ms - clock.now_ms(), 0)
    if skew_ms > _MOST_SKEW_MS:
        message = f"its clock and this machine's are {skew_ms / 1000:.0f} s apart"
        yield Finding("warning", _CHECK, message, "let this machine keep its time by NTP, or live bars come late")
    if market.is_open:
        yield Finding("ok", "market", f"open until {iso(market.next_close_ms)}")
    else:
        yield Finding("ok", "market", f"closed until {iso(market.next_open_ms)}")


def _feed(api: "Api", clock: Clock) -> Finding:
    now_ms = clock.now_ms()
    for _ in api.pages([_SYMBOL], now_ms - _RECENT_MS, now_ms):
        pass
    return Finding("ok", "feed", f"{api.access.feed} may be read up to now")
