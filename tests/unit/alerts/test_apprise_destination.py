"""Against real servers; apprise's own plugins do the talking."""

import io
import logging
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from app.alerts.alert_service import hide_addresses
from app.alerts.apprise_destination import AppriseDestination, failure, open_plugin
from app.alerts.destination import AlertNotSent
from app.alerts.message import AlertMessage
from app.stack.ports import any_free_port
from tests.unit.alerts.made import NOW_MS, alert
from tests.unit.alerts.servers import HttpServer, Mail, smtp_server


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer().running() as running:
        yield running


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What a program with its log at DEBUG writes; pytest's own capture hears loggers that do not propagate, too."""
    lines = io.StringIO()
    handler, root = logging.StreamHandler(lines), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    hide_addresses()
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)


def destination(url: str) -> AppriseDestination:
    plugin = open_plugin(url)
    assert plugin is not None
    return AppriseDestination("mine", plugin)


def mailto(port: int) -> str:
    return f"mailto://127.0.0.1:{port}/?from={quote('alerts@example.com')}&to={quote('desk@example.com')}&mode=insecure"


def test_e_mail_arrives() -> None:
    mails: list[Mail] = []
    port = any_free_port()
    with smtp_server(port, mails, []):
        destination(mailto(port)).send(AlertMessage((alert(),)), NOW_MS)
    [mail] = mails
    assert (mail.sender, mail.recipients, mail.subject) == ("alerts@example.com", ["desk@example.com"], "BUY AAPL")
    assert "BUY AAPL at 189.75, bar of 2024-11-14T14:30:00Z" in mail.text
    assert "RSI 27.4 < 30" in mail.text


def test_e_mail_that_is_refused_may_have_arrived_and_without_a_server_it_has_not() -> None:
    port = any_free_port()
    with smtp_server(port, [], ["554 no"]), pytest.raises(AlertNotSent) as refused:
        destination(mailto(port)).send(AlertMessage((alert(),)), NOW_MS)
    with pytest.raises(AlertNotSent, match="no connection") as nobody:
        destination(mailto(port)).send(AlertMessage((alert(),)), NOW_MS)
    assert (refused.value.uncertain, nobody.value.uncertain) == (True, False)


def test_json_arrives(server: HttpServer) -> None:
    destination(server.url("json")).send(AlertMessage((alert(0), alert(1)), digest=True), NOW_MS)
    [request] = server.requests
    assert request.json["title"] == "2 alerts: 2 BUY"
    assert request.json["message"].count("BUY AAPL at 189.75") == 2


@pytest.mark.parametrize(("status", "uncertain"), [(403, False), (503, False), (500, True)])
def test_a_status_is_understood(server: HttpServer, status: int, uncertain: bool) -> None:
    server.status = status
    with pytest.raises(AlertNotSent, match=f"answered {status}") as caught:
        destination(server.url("json")).send(AlertMessage((alert(),)), NOW_MS)
    assert caught.value.uncertain is uncertain


def test_without_a_server_nothing_was_sent_for_certain() -> None:
    with pytest.raises(AlertNotSent, match="no connection") as caught:
        destination(f"json://127.0.0.1:{any_free_port()}/").send(AlertMessage((alert(),)), NOW_MS)
    assert not caught.value.uncertain


def test_it_tries_once_whatever_the_address_says(server: HttpServer) -> None:
    server.status = 500
    with pytest.raises(AlertNotSent):
        destination(server.url("json") + "?retry=3&wait=0").send(AlertMessage((alert(),)), NOW_MS)
    assert len(server.requests) == 1


def test_the_second_of_two_alerts_does_not_wait_long(server: HttpServer) -> None:
    one = destination(server.url("json"))
    began = time.monotonic()
    for number in range(2):
        one.send(AlertMessage((alert(number),)), NOW_MS)
    assert len(server.requests) == 2
    assert time.monotonic() - began < 4, "apprise itself would wait 5.5 s"


def test_a_server_that_does_not_answer_in_time_may_have_it(server: HttpServer) -> None:
    server.go_on.clear()
    began = time.monotonic()
    with pytest.raises(AlertNotSent, match="no answer") as caught:
        destination(server.url("json") + "?rto=0.2").send(AlertMessage((alert(),)), NOW_MS)
    assert caught.value.uncertain
    assert time.monotonic() - began < 10


def test_digests_fit_into_what_a_service_takes() -> None:
    telegram = destination("tgram://123456789:abcdefghijklmnopqrstuvwxyz123456789/12315544/")
    assert 3000 < telegram.characters <= 4096


def test_a_service_that_takes_little_gets_the_beginning(server: HttpServer) -> None:
    plugin = open_plugin(server.url("json"))
    assert plugin is not None
    plugin.body_maxlen = 70
    AppriseDestination("mine", plugin).send(AlertMessage((alert(),)), NOW_MS)
    assert server.requests[0].json["message"].startswith("BUY AAPL at 189.75, bar of 2024-11-14T14:30:00Z")
    assert len(server.requests[0].json["message"]) <= 70


@pytest.mark.parametrize("url", ["nonsense", "slack://hunter2", "foo://hunter2", "mailto://hunter2", "json://", ""])
def test_what_is_no_address_is_none_and_nothing_is_logged_or_printed(
    url: str, logged: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    assert open_plugin(url) is None
    out, err = capfd.readouterr()
    assert "hunter2" not in logged.getvalue() + out + err


def test_a_failure_says_nothing_of_the_address(server: HttpServer, logged: io.StringIO) -> None:
    logging.getLogger("app").warning("heard")
    server.status = 500
    with pytest.raises(AlertNotSent) as caught:
        destination(server.url("json", "/hunter2")).send(AlertMessage((alert(),)), NOW_MS)
    assert "heard" in logged.getvalue()
    assert "hunter2" not in f"{caught.value!r}{logged.getvalue()}"


def test_what_nobody_understands_may_have_arrived() -> None:
    assert failure(["something else, at https://example.com/hunter2"]).uncertain
    assert "hunter2" not in str(failure(["at https://example.com/hunter2"]))
