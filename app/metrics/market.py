"""Whether the exchange has a regular session now."""

import time
from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.calendar.sessions import sessions


class MarketOpen(Collector):
    """1 in a regular session of the exchange by its calendar when scraped, else 0.

    `clock` gives seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """The gauge `stocks_market_open`."""
        is_open = sessions().state(int(self._clock() * 1000)).is_open
        yield GaugeMetricFamily(
            "stocks_market_open", "1 in a regular session of the exchange by its calendar, else 0.", value=is_open
        )
