"""Runs all destinations, each in its own thread, until the process is asked to stop."""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial

from app.alerts.alert_settings import limits_of, rules_of
from app.alerts.destination import AlertNotSent, AlertsError, Destination
from app.alerts.inbox import GroupInbox, SignalInbox
from app.alerts.lane import Lane, OpenInbox
from app.alerts.message import AlertMessage
from app.alerts.rate_limit import RateLimit
from app.logs.throttle import LogThrottle
from app.settings import Settings

log = logging.getLogger(__name__)

OpenGroupInbox = Callable[[Settings, str, Callable[[set[int]], None]], SignalInbox]
"""Makes a member of the group of this name; what it calls with lost partitions comes last."""

#: Clients that log whole addresses at INFO or DEBUG.
_TALKATIVE = ("httpx", "httpcore", "urllib3", "requests", "requests_oauthlib", "oauthlib")


def hide_addresses() -> None:
    """Keep addresses of destinations out of the log: they may hold secrets."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def make_lane(settings: Settings, destination: Destination, open_inbox: OpenInbox, stop: threading.Event) -> Lane:
    """One destination with the rules and limits of the settings. Raises what `open_inbox` raises."""
    rate = RateLimit(settings.alert_per_minute)
    return Lane(destination, open_inbox, rules_of(settings), limits_of(settings), rate, settings.quiet_hours, stop)


def group_of(settings: Settings, destination: Destination) -> str:
    """The name of a destination's consumer group."""
    return f"{settings.id}-alerts-{destination.name}"


def run(
    settings: Settings,
    destinations: Sequence[Destination],
    stop: threading.Event,
    open_inbox: OpenGroupInbox = GroupInbox,
) -> None:
    """Send until `stop` is set, or until one of them cannot go on. Raises its error."""
    hide_addresses()
    logging.getLogger("app.alerts.inbox").addFilter(LogThrottle())
    lanes = [
        make_lane(settings, each, partial(open_inbox, settings, group_of(settings, each)), stop)
        for each in destinations
    ]
    log.info("Alerts go to %s", ", ".join(each.name for each in destinations))
    failed: list[BaseException] = []
    threads = [
        threading.Thread(target=_run, args=(lane.run, failed, stop), name=each.name)
        for lane, each in zip(lanes, destinations, strict=True)
    ]
    for thread in threads:
        thread.start()
    while not stop.wait(1.0):
        # Python handles a signal of the system between two waits.
        pass
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def _run(lane: Callable[[], None], failed: list[BaseException], stop: threading.Event) -> None:
    try:
        lane()
    except Exception as error:  # noqa: BLE001 - the main thread raises it
        failed.append(error)
    finally:
        stop.set()


def send_tests(destinations: Sequence[Destination], now_ms: int, show: Callable[[str], None]) -> None:
    """Send each destination one message that is marked as a test. Raises AlertsError when one does not take it."""
    hide_addresses()
    failed = []
    for each in destinations:
        try:
            each.send(AlertMessage(()), now_ms)
        except AlertNotSent as error:
            failed.append(each.name)
            show(f"{each.name}: not sent ({error})")
        else:
            show(f"{each.name}: sent")
    if failed:
        raise AlertsError(f"{len(failed)} of {len(destinations)} did not take the test: {', '.join(failed)}")
