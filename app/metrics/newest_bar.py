"""How old the newest bar is, by the clock and in time of the exchange's sessions."""

import time
from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.calendar.sessions import sessions
from app.domain.calendar import Sessions
from app.domain.records import Origin

_NAMES = {
    "timestamp": "Start of the newest bar, UTC, seconds since 1970.",
    "age": "Seconds since the newest bar started, by this machine's clock.",
    "ahead": "How many seconds from now the newest bar starts; above 0, its time or this machine's clock is wrong.",
    "session_age": (
        "The same in time of the exchange's regular sessions: whole minutes, as seconds, of which no bar has come. "
        "Nights, weekends and holidays do not count."
    ),
}


class NewestBar(Collector):
    """Start of the newest bar seen, and its age when scraped, by origin; no sample before the first bar.

    `clock` gives seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time, calendar: Callable[[], Sessions] = sessions) -> None:
        self._clock = clock
        self._calendar = calendar
        self._newest: dict[Origin, int] = {}

    def seen(self, origin: Origin, timestamp: int) -> None:
        """Note a bar that starts at `timestamp` (UTC, milliseconds since 1970); older ones change nothing."""
        if timestamp > self._newest.get(origin, 0):
            self._newest[origin] = timestamp

    def forget(self) -> None:
        """Forget all bars: other workers have the partitions now, and this one will not see their newer bars."""
        self._newest.clear()

    def collect(self) -> Iterator[Metric]:
        """Gauges `stocks_newest_bar_…_seconds`: timestamp, age, ahead, session_age."""
        gauges = {
            name: GaugeMetricFamily(f"stocks_newest_bar_{name}_seconds", text, labels=["origin"])
            for name, text in _NAMES.items()
        }
        now = self._clock()
        for origin, timestamp in self._newest.items():
            start = timestamp / 1000
            gauges["timestamp"].add_metric([origin], start)
            gauges["age"].add_metric([origin], max(0.0, now - start))
            gauges["ahead"].add_metric([origin], max(0.0, start - now))
            missing = self._calendar().gap(timestamp, int(now * 1000))
            if missing is not None:
                gauges["session_age"].add_metric([origin], max(0.0, missing * 60.0))
        yield from gauges.values()
