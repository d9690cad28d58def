import base64
import logging
import math
from collections.abc import Iterator

import pytest

from app.alerts.destination import AlertNotSent
from app.alerts.message import AlertMessage
from app.alerts.signature import parse_secret, sign
from app.alerts.webhook import Webhook, refusal
from app.stack.ports import any_free_port
from tests.unit.alerts.made import NOW_MS, alert
from tests.unit.alerts.servers import HttpServer

KEY = parse_secret(base64.b64encode(bytes(range(32))).decode())


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer().running() as running:
        yield running


def test_an_alert_arrives_signed_with_all_of_its_signal(server: HttpServer) -> None:
    made = alert(own_indicators={"width": 1.5, "odd": math.inf}, own_reason="ü")
    message = AlertMessage((made,))
    Webhook(server.url(), KEY).send(message, NOW_MS + 1500)
    [request] = server.requests
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == message.id
    timestamp_s = (NOW_MS + 1500) // 1000
    assert request.headers["webhook-timestamp"] == str(timestamp_s)
    assert request.headers["webhook-signature"] == sign(KEY, message.id, timestamp_s, request.body)
    document = request.json
    assert {name: document[name] for name in ("type", "id", "sent_at", "possibly_repeated", "title")} == {
        "type": "alert",
        "id": message.id,
        "sent_at": "2024-11-14T14:31:01.500Z",
        "possibly_repeated": False,
        "title": "BUY AAPL",
    }
    [sent] = document["alerts"]
    assert (sent["kind"], sent["earlier_action"], sent["age_seconds"]) == ("new", None, 1)
    assert sent["signal"] == {
        **made.signal,
        "timestamp": "2024-11-14T14:30:00Z",
        "emitted_at": "2024-11-14T14:31:01.234Z",
        "own_indicators": {"width": 1.5, "odd": None},
    }


def test_a_digest_and_a_test_say_what_they_are(server: HttpServer) -> None:
    webhook = Webhook(server.url(), KEY)
    webhook.send(AlertMessage((alert(0), alert(1)), digest=True, possibly_repeated=True), NOW_MS)
    webhook.send(AlertMessage(()), NOW_MS)
    webhook.send(AlertMessage(()), NOW_MS)
    digest, *tests = (request.json for request in server.requests)
    assert (digest["type"], digest["possibly_repeated"], len(digest["alerts"])) == ("digest", True, 2)
    assert [test["type"] for test in tests] == ["test", "test"]
    assert tests[0]["id"] != tests[1]["id"], "a receiver that drops repeats shows both"


@pytest.mark.parametrize(
    ("status", "uncertain"),
    [(302, False), (400, False), (404, False), (429, False), (503, False), (500, True), (502, True), (504, True)],
)
def test_only_2xx_is_taken_and_a_server_that_failed_may_have_it(
    server: HttpServer, status: int, uncertain: bool
) -> None:
    server.status = status
    with pytest.raises(AlertNotSent, match=f"answered {status}") as caught:
        Webhook(server.url(), KEY).send(AlertMessage((alert(),)), NOW_MS)
    assert caught.value.uncertain is uncertain


def test_what_the_server_asks_to_wait_is_kept_within_bounds(server: HttpServer) -> None:
    server.status, server.headers = 429, {"retry-after": "7"}
    with pytest.raises(AlertNotSent) as caught:
        Webhook(server.url(), KEY).send(AlertMessage((alert(),)), NOW_MS)
    assert caught.value.retry_after_s == 7
    assert refusal(429, "86400").retry_after_s == 600
    assert refusal(429, "Wed, 21 Oct 2015 07:28:00 GMT").retry_after_s == 0


def test_without_a_server_nothing_was_sent_for_certain() -> None:
    with pytest.raises(AlertNotSent, match="no connection") as caught:
        Webhook(f"http://127.0.0.1:{any_free_port()}/hook", KEY).send(AlertMessage((alert(),)), NOW_MS)
    assert not caught.value.uncertain


def test_a_server_that_ends_without_an_answer_may_have_it(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.status = 0  # No status line: the connection ends.
    with pytest.raises(AlertNotSent, match="no answer") as caught:
        Webhook(server.url(), KEY).send(AlertMessage((alert(),)), NOW_MS)
    assert caught.value.uncertain


def test_an_error_shows_no_part_of_the_address(server: HttpServer, caplog: pytest.LogCaptureFixture) -> None:
    from app.alerts.alert_service import hide_addresses

    hide_addresses()
    caplog.set_level(logging.DEBUG)
    server.status = 500
    with pytest.raises(AlertNotSent) as caught:
        Webhook(server.url(path="/hunter2"), KEY).send(AlertMessage((alert(),)), NOW_MS)
    assert "hunter2" not in f"{caught.value!r}{caught.value.__cause__!r}{caplog.text}"
