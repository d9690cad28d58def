"""`stocks alerts` as a process, killed in between, against real HTTP and SMTP servers; no worker is needed."""

import base64
import os
import signal as signals
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from app.avro.serde import Encoder
from app.domain.records import MINUTE_MS
from app.kafka.clients import consumer_config, producer_config, registry
from app.kafka.topic_admin import ensure_topics
from app.kafka.topics import topics
from app.settings import Settings
from app.stack.ports import any_free_port
from tests.integration.command_line import Stocks, environment, stocks
from tests.integration.fixtures_stack import LocalStack
from tests.integration.stack_settings import settings_for
from tests.integration.waiting import eventually
from tests.unit.alerts import made
from tests.unit.alerts.servers import HttpServer, Mail, Request, smtp_server

__all__ = ["stocks"]

SECRET = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
async def ours(stack: LocalStack) -> Settings:
    settings = settings_for(stack.status, session_seconds=6)
    ensure_topics(settings)
    return settings


class Sender:
    """Writes signals as a worker does, in transactions."""

    def __init__(self, settings: Settings) -> None:
        self._topic = topics(settings).signals.name
        self._encoder = Encoder("signal")
        self._settings = settings
        self._producer = Producer(producer_config(settings) | {"transactional.id": f"{settings.id}-made-up"})
        self._producer.init_transactions(20)
        # The minute that has just ended, so that alerts are fresh.
        self.minute = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS - MINUTE_MS

    async def prepare(self) -> "Sender":
        await self._encoder.register(registry(self._settings), topics(self._settings).signals.subject)
        return self

    def send(self, *symbols: str, **changes: Any) -> float:
        """Commit a signal of each symbol; returns when that was, in seconds since 1970."""
        self._producer.begin_transaction()
        for symbol in symbols:
            each = made.signal(**{"symbol": symbol, "timestamp": self.minute, **changes})
            self._producer.produce(self._topic, self._encoder.encode(each), symbol)
        self._producer.commit_transaction(20)
        return time.time()


@contextmanager
def running(settings: Settings, log: Path, **alerts: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`stocks alerts`, killed in the end."""
    command = [str(Path(sys.executable).with_name("stocks")), "alerts"]
    env = {**os.environ, **environment(settings), **{name.upper(): value for name, value in alerts.items()}}
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=env, cwd=log.parent, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def committed(settings: Settings, name: str) -> list[TopicPartition]:
    """What a destination's group has committed, of partitions of which it has."""
    group = f"{settings.id}-alerts-{name}"
    consumer = Consumer(consumer_config(settings, group))
    try:
        topic = topics(settings).signals
        places = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
        return [place for place in consumer.committed(places, timeout=10) if place.offset >= 0]
    finally:
        consumer.close()


def symbols_of(request: Request) -> list[str]:
    return [each["signal"]["symbol"] for each in request.json["alerts"]]


async def test_killed_in_between_nothing_is_lost_and_at_most_one_is_repeated_and_marked(
    ours: Settings, tmp_path: Path
) -> None:
    log, port, mails = tmp_path / "alerts.log", any_free_port(), list[Mail]()
    sender = await Sender(ours).prepare()
    sender.send("BEFORE")
    with ExitStack() as servers:
        hook = servers.enter_context(HttpServer().running())
        servers.enter_context(smtp_server(port, mails, []))
        addresses = {
            "alert_urls": f"mail=mailto://127.0.0.1:{port}/?from={quote('a@example.com')}&to={quote('b@example.com')}&mode=insecure",
            "alert_webhook_url": hook.url(path="/hunter2"),
            "alert_webhook_secret": SECRET,
        }

        def shown() -> str:
            return log.read_text(errors="replace")

        with running(ours, log, **addresses) as process:
            eventually(lambda: all(len(committed(ours, name)) == 2 for name in ("webhook", "mail")), 30, shown)
            at = sender.send("ONE", "TWO", origin="live")
            sender.send("PAST", origin="replay")
            eventually(lambda: len(hook.requests) == 2 and len(mails) == 2, 20, shown)
            assert max(request.at for request in hook.requests) - at < 2, "an alert within two seconds of its signal"
            eventually(lambda: not any(place.metadata for place in committed(ours, "webhook")), 20, shown)

            # Killed while the webhook has the message and has not answered.
            hook.go_on.clear()
            sender.send("HANGS")
            eventually(lambda: len(hook.requests) == 3, 20, shown)
            process.kill()
            process.wait()
        hook.go_on.set()
        noted = [place for place in committed(ours, "webhook") if place.metadata]
        assert [str(place.metadata).startswith("sending until ") for place in noted] == [True]
        sender.send("DOWN-1", "DOWN-2", "DOWN-3", "DOWN-4", "DOWN-5")

        with running(ours, log, **addresses) as process:
            eventually(lambda: any("DOWN-5" in symbols_of(each) for each in hook.requests), 40, shown)
            eventually(lambda: any("DOWN-5" in mail.text for mail in mails), 40, shown)
            # The webhook is away for a while; the other destination goes on.
            hook.status = 503
            count = len(mails)
            sender.send("LATER")
            eventually(lambda: len(mails) > count and "webhook: not sent (answered 503)" in shown(), 20, shown)
            hook.status = 200
            refused = len(hook.requests)
            eventually(lambda: len(hook.requests) > refused, 20, shown)
            eventually(lambda: all(not place.metadata for place in committed(ours, "webhook")), 20, shown)
            process.send_signal(signals.SIGTERM)
            assert process.wait(20) == 0, shown()

    wanted = {"ONE", "TWO", "HANGS", "LATER", *(f"DOWN-{number}" for number in range(1, 6))}
    arrived = [request for request in hook.requests[:refused] if "LATER" not in symbols_of(request)]
    arrived.append(hook.requests[-1])
    assert Counter(name for request in arrived for name in symbols_of(request)) == Counter([*wanted, "HANGS"])
    [first, second] = [request for request in arrived if "HANGS" in symbols_of(request)]
    assert (first.json["possibly_repeated"], second.json["possibly_repeated"]) == (False, True)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert [request for request in arrived if request.json["possibly_repeated"]] == [second]

    named = Counter(name for mail in mails for name in wanted if f" {name} at " in mail.text)
    marked = [mail for mail in mails if "possibly repeated" in mail.subject]
    assert set(named) == wanted
    assert sum(named.values()) - len(wanted) <= len(marked) <= 1
    assert "hunter2" not in shown()
    assert SECRET not in shown()


async def test_a_dry_run_prints_what_would_be_sent_and_leaves_no_group(ours: Settings, stocks: Stocks) -> None:
    import asyncio

    sender = await Sender(ours).prepare()
    sender.send("AAPL", timestamp=made.NOW_MS)
    sender.send("SPY", origin="synthetic")
    sender.send("AAPL", timestamp=made.NOW_MS, revision=1, action="HOLD", transition=False)
    result = await asyncio.to_thread(stocks, ours, "alerts", "--dry-run", "--until-end")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("2 alerts: 1 BUY, 1 withdrawn\n")
    assert "2024-11-14T14:31:00Z WITHDRAWN: BUY AAPL" in result.stdout
    assert "SPY" not in result.stdout
    assert committed(ours, "dry-run") == []
