from app.sources.alpaca.watchdog import Watchdog


class Market:
    def __init__(self, is_open: bool) -> None:
        self.is_open = is_open

    def __call__(self) -> bool:
        return self.is_open


def test_counts_silence_from_what_came_last() -> None:
    watchdog = Watchdog(180, Market(True), 0)
    assert watchdog.left_s(0) == 180
    watchdog.reset(60_000)
    assert watchdog.left_s(100_000) == 140
    assert watchdog.left_s(240_000) == 0
    assert watchdog.left_s(500_000) == 0


def test_expects_nothing_while_the_market_is_closed() -> None:
    watchdog = Watchdog(180, Market(False), 0)
    assert [watchdog.left_s(now) for now in (0, 180_000, 10**9)] == [180, 180, 180]


def test_the_night_does_not_count_after_the_open() -> None:
    market = Market(False)
    watchdog = Watchdog(180, market, 0)
    watchdog.left_s(0)
    market.is_open = True
    assert watchdog.left_s(10_000_000) == 180
    assert watchdog.left_s(10_179_000) == 1
    assert watchdog.left_s(10_180_000) == 0


def test_a_late_word_of_an_earlier_moment_takes_nothing_back() -> None:
    watchdog = Watchdog(180, Market(True), 50_000)
    watchdog.reset(20_000)
    assert watchdog.left_s(50_000) == 180
