"""A double of Alpaca on this machine, for the real alpaca-trade-api client.

    clock = VirtualClock(now_ms)                       # or RealClock()
    sessions = real_sessions(date(2024, 11, 13), date(2024, 11, 14))
    tape = Tape(["AAPL", "SPY"], sessions, corrections=20, late=20)
    with AlpacaDouble(tape, sessions, clock).running() as alpaca:
        …                                              # with the environment alpaca.environment
        alpaca.rest.faults.plan(Status(503), further_page)
        alpaca.stream.drop()
    tape.final("iex")                                  # what it all must come to

As at Alpaca, after its documentation and what the client's users report:

* Keys go in the headers APCA-API-KEY-ID and APCA-API-SECRET-KEY. Wrong ones get an HTML 403 from the market
  data API and a JSON 401 from the trading API. Errors are `{"code": …, "message": …}` or `{"message": …}`.
* Every answer has X-RateLimit-Limit, -Remaining and -Reset (seconds since 1970, the next full minute). The
  201st request of a minute gets 429. The market data API and the trading API count apart.
* Bars are paged symbol by symbol; `limit` is for all symbols together, 1000 if left out, at most 10,000. Page
  tokens are opaque, and a full page has one even if nothing follows. `start` and `end` are both included.
  Times must be RFC 3339 (up to nanoseconds) or a date: 422 otherwise.
* A symbol that cannot be one (or, unless `knows_all`, that is not on the tape) is a 400 for the whole
  request.
* Feeds differ in values and minutes. Without `feed` old bars are SIP's and recent ones IEX's. SIP of the last
  15 minutes is refused on the free plan.
* By REST a bar appears 1 to 3 s after its minute, by stream 20 to 100 ms after it. A late trade changes the
  bar some 30 s later (message `u`, same `t`) or makes one where there was none, minutes later. No trade, no
  bar. Bars before and after the session come by the same channel.
* The stream speaks msgpack: welcome, `auth` within 10 s (404), `subscribe`; it knows 402, 405, 406 and 409,
  one connection an account and 30 symbols.

What it cannot know: how Alpaca words each message, and in which order it checks parameters.

Files: tape.py (what was traded), exchange.py (sessions, calendar, clock), answers.py (paths and parameters), pages.py,
times.py, limit.py, rest.py (the REST server), faults.py (what goes wrong there, by script), log.py (what was asked),
stream.py (the websocket server and what goes wrong there), double.py (all together).
"""

from tests.harness.doubles.alpaca.double import KEY_ID, SECRET_KEY, AlpacaDouble, RealClock
from tests.harness.doubles.alpaca.exchange import ExchangeSession, real_sessions
from tests.harness.doubles.alpaca.traded_bars import TradedBar, TradedBars

__all__ = [
    "KEY_ID",
    "SECRET_KEY",
    "AlpacaDouble",
    "ExchangeSession",
    "RealClock",
    "TradedBar",
    "TradedBars",
    "real_sessions",
]
