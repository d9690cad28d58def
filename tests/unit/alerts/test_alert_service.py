import logging
import threading
from collections.abc import Callable, Mapping

import pytest

from app.alerts import alert_service
from app.alerts.destination import AlertNotSent, AlertsError, Destination
from app.alerts.inbox import Received
from app.alerts.message import AlertMessage
from app.kafka.broker import BrokerUnavailable
from app.settings import Settings

SETTINGS = Settings(_env_file=None, topic_prefix="test.")  # type: ignore[call-arg]


class Target:
    characters = 1000

    def __init__(self, name: str, error: AlertNotSent | None = None) -> None:
        self.name = name
        self.error = error
        self.messages: list[AlertMessage] = []

    def send(self, message: AlertMessage, now_ms: int) -> None:
        self.messages.append(message)
        if self.error:
            raise self.error


class FakeInbox:
    """Reads nothing, or fails."""

    def __init__(self, settings: Settings, group: str, lost: Callable[[set[int]], None]) -> None:
        self.group = group
        self.closed = threading.Event()

    def read(self, seconds: float) -> list[Received]:
        if self.group.endswith("bad"):
            raise BrokerUnavailable("no offsets")
        self.closed.wait(0.01)
        return []

    def pause(self, paused: bool) -> None:
        pass

    def is_catching_up(self) -> bool:
        return False

    def commit(self, first_waiting: Mapping[int, int], sending_until: Mapping[int, int]) -> None:
        pass

    def close(self) -> None:
        self.closed.set()


def test_each_destination_has_a_group_of_its_own() -> None:
    assert alert_service.group_of(SETTINGS, Target("desk")) == "test.stock-signals-alerts-desk"


def test_tests_go_to_all_of_them_and_the_failed_ones_are_named() -> None:
    targets: list[Destination] = [Target("one", AlertNotSent("answered 500")), Target("two"), Target("three")]
    shown: list[str] = []
    with pytest.raises(AlertsError, match="1 of 3 did not take the test: one"):
        alert_service.send_tests(targets, 0, shown.append)
    assert shown == ["one: not sent (answered 500)", "two: sent", "three: sent"]
    assert all(target.messages[0].is_test for target in targets if isinstance(target, Target))


def test_one_that_cannot_go_on_ends_all() -> None:
    stop = threading.Event()
    with pytest.raises(BrokerUnavailable, match="no offsets"):
        alert_service.run(SETTINGS, [Target("good"), Target("bad")], stop, FakeInbox)
    assert stop.is_set()


def test_they_end_when_asked_to() -> None:
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    alert_service.run(SETTINGS, [Target("one"), Target("two")], stop, FakeInbox)
    assert [thread.name for thread in threading.enumerate() if thread.name in ("one", "two")] == []


def test_clients_that_log_addresses_are_silent() -> None:
    alert_service.hide_addresses()
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
    assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.WARNING)
