import threading
import time

from app.sources.clock import SystemClock


def test_it_tells_the_time_in_milliseconds() -> None:
    before = time.time()
    assert before - 0.001 <= SystemClock().now_ms() / 1000 <= time.time()


def test_waiting_ends_when_woken_or_when_the_time_is_up() -> None:
    wake = threading.Event()
    assert not SystemClock().wait(0.001, wake)
    assert not SystemClock().wait(-1.0, wake)
    wake.set()
    assert SystemClock().wait(60.0, wake)
