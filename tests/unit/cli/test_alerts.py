import base64
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from click.testing import CliRunner, Result

from app.alerts.alert_service import run
from app.alerts.destination import Destination
from app.alerts.dry_run import DryRun
from app.cli import main
from tests.unit.alerts.servers import HttpServer

SECRET = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer().running() as running:
        yield running


def alerts(*arguments: str, env: Mapping[str, str] | None = None, obj: object = None) -> Result:
    return CliRunner().invoke(main, ["alerts", *arguments], env=env or {}, obj=obj)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [(["--dry-run", "--test"], "do not go together"), (["--until-end"], "goes with --dry-run only")],
)
def test_options_that_do_not_go_together(arguments: list[str], fault: str) -> None:
    result = alerts(*arguments)
    assert result.exit_code == 2
    assert fault in result.stderr


@pytest.mark.parametrize("arguments", [[], ["--test"]])
def test_a_bad_destination_ends_it_before_anything_starts_and_is_not_shown(arguments: list[str]) -> None:
    result = alerts(*arguments, env={"ALERT_URLS": "slack://hunter2"})
    assert result.exit_code == 1
    assert "Number 1 of ALERT_URLS is no address that apprise can use" in result.stderr
    assert "hunter2" not in result.output


def test_without_a_destination_it_says_what_to_set() -> None:
    result = alerts()
    assert result.exit_code == 1
    assert "Alerts have no destination: set ALERT_URLS" in result.stderr


def test_a_test_arrives_marked_as_one(server: HttpServer) -> None:
    env = {
        "ALERT_URLS": server.url("json", "/apprise"),
        "ALERT_WEBHOOK_URL": server.url(),
        "ALERT_WEBHOOK_SECRET": SECRET,
    }
    result = alerts("--test", env=env)
    assert result.exit_code == 0, result.output
    assert result.stdout == "webhook: sent\njson: sent\n"
    own, other = server.requests
    assert (own.json["type"], own.json["alerts"]) == ("test", [])
    assert other.json["title"].startswith("TEST: ")


def test_a_test_that_is_not_taken_is_an_error(server: HttpServer) -> None:
    server.status = 403
    result = alerts("--test", env={"ALERT_URLS": server.url("json", "/hunter2")})
    assert result.exit_code == 1
    assert result.stdout == "json: not sent (answered 403)\n"
    assert result.stderr == "Error: 1 of 1 did not take the test: json\n"


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("ALERT_ON", "BUY,HODL", "ALERT_ON=BUY,HODL: must be one or more of BUY, SELL, HOLD"),
        ("ALERT_ORIGINS", "fake", "ALERT_ORIGINS=fake: must be one or more of live, backfill, replay, synthetic"),
        ("ALERT_QUIET_HOURS", "22-7", "ALERT_QUIET_HOURS=22-7: must be like 22:00-07:00 America/New_York"),
        ("ALERT_SEED_WEIGHT", "2", "ALERT_SEED_WEIGHT=2: must be a number from 0 to 1"),
        ("ALERT_URLS_FILE", "nowhere", "ALERT_URLS_FILE=nowhere: is not a file that can be read"),
    ],
)
def test_bad_settings_are_sentences(name: str, value: str, fault: str) -> None:
    result = alerts("--dry-run", env={name: value})
    assert result.exit_code == 1
    assert fault in result.stderr


class _Scripted:
    """A dry run that would send one message of two lines."""

    def __init__(self, settings: object, show: Callable[[str], None]) -> None:
        self._show = show

    def run(self, *, until_end: bool) -> None:
        self._show("AAPL turned to BUY\n\x1b[2Jwhy")


def test_no_message_of_a_dry_run_moves_the_cursor() -> None:
    assert alerts("--dry-run", obj={DryRun: _Scripted}).output == "AAPL turned to BUY\n\\x1b[2Jwhy\n"


class _Follows:
    """A dry run that follows until Ctrl-C."""

    def __init__(self, *_: object) -> None:
        self.until_end: bool | None = None

    def __call__(self, *_: object) -> "_Follows":
        return self

    def run(self, *, until_end: bool) -> None:
        self.until_end = until_end
        raise KeyboardInterrupt


@pytest.mark.parametrize("until_end", [False, True])
def test_ctrl_c_is_the_way_to_end_a_dry_run(until_end: bool) -> None:
    follows = _Follows()
    result = alerts("--dry-run", *(["--until-end"] if until_end else []), obj={DryRun: follows})
    assert (result.exit_code, result.output) == (0, "")
    assert follows.until_end is until_end


def test_alerts_go_to_all_that_are_set_and_sigterm_asks_them_to_stop(server: HttpServer) -> None:
    asked: list[tuple[list[str], bool]] = []

    def send(_: object, destinations: Sequence[Destination], stop: threading.Event) -> None:
        before = stop.is_set()
        signal.raise_signal(signal.SIGTERM)
        asked.append(([each.name for each in destinations], stop.wait(10) and not before))

    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        env = {"ALERT_URLS": server.url("json"), "ALERT_WEBHOOK_URL": server.url(), "ALERT_WEBHOOK_SECRET": SECRET}
        result = alerts(env=env, obj={run: send})
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
    assert result.exit_code == 0, result.output
    assert asked == [(["webhook", "json"], True)]
