import threading

import pytest

from tests.harness.doubles.virtual_clock import VirtualClock


def never() -> threading.Event:
    return threading.Event()


def test_waiting_alone_takes_no_real_time() -> None:
    clock = VirtualClock(1_000)
    assert not clock.wait(86_400, never())
    assert clock.now_ms() == 86_401_000
    assert not clock.wait(0.0001, never())
    assert clock.now_ms() == 86_401_001


def test_an_event_that_is_set_ends_the_wait_before_its_time() -> None:
    clock, wake = VirtualClock(0), threading.Event()
    clock.at(700, wake.set)
    assert clock.wait(5, wake)
    assert clock.now_ms() == 700
    assert clock.wait(5, wake)
    assert clock.now_ms() == 700


def test_time_stands_still_while_one_who_takes_part_works() -> None:
    clock, done, seen = VirtualClock(0), threading.Event(), list[int]()

    def work() -> None:
        done.wait()
        seen.append(clock.now_ms())
        clock.wait(2, never())
        seen.append(clock.now_ms())

    worker = clock.thread(work, "works")
    threading.Timer(0.02, done.set).start()
    clock.wait(100, never())
    worker.join()
    assert seen == [0, 2_000]
    assert clock.now_ms() == 100_000


def test_threads_take_turns_in_the_order_of_their_moments() -> None:
    clock, order = VirtualClock(0), list[tuple[int, str]]()

    def every(seconds: float, name: str) -> None:
        for _ in range(round(60 / seconds)):
            clock.wait(seconds, never())
            order.append((clock.now_ms(), name))

    with clock.attending():
        threads = [clock.thread(lambda s=s: every(s, f"{s}"), f"{s}") for s in (3, 4, 5)]  # type: ignore[misc]
        clock.wait(61, never())
    for thread in threads:
        thread.join()
    assert order == sorted(order, key=lambda entry: entry[0])
    assert len(order) == 20 + 15 + 12


def test_actions_happen_at_their_moments_and_time_waits_for_them() -> None:
    clock, seen = VirtualClock(0), list[tuple[str, int]]()
    clock.at(3_000, lambda: seen.append(("late", clock.now_ms())))
    clock.at(1_000, lambda: seen.append(("early", clock.now_ms())))
    clock.at(-5, lambda: seen.append(("overdue", clock.now_ms())))
    clock.wait(2, never())
    assert seen == [("overdue", 0), ("early", 1_000)]
    clock.wait(2, never())
    assert seen[2:] == [("late", 3_000)]


def test_a_hold_stops_time_until_it_is_over() -> None:
    clock, asked = VirtualClock(0), list[int]()

    def busy() -> bool:
        asked.append(clock.now_ms())
        return len(asked) < 5

    clock.hold_while(busy)
    clock.wait(1, never())
    assert asked == [0] * 5


def test_who_stops_time_is_named() -> None:
    clock = VirtualClock(0, stuck_s=0.01)

    def the_reason() -> bool:
        return True

    clock.hold_while(the_reason)
    with pytest.raises(TimeoutError, match="the_reason"):
        clock.wait(1, never())
