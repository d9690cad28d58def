"""`stocks alerts` as a process, killed in between, against real HTTP and SMTP servers; no worker is needed."""

import base64
import os
import signal as signals
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
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
from tests.harness.chaos.topic_records import ends
from tests.harness.held_port import held_port
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
        at = time.time()
        # It is answered before it is marked, partition by partition; readers of committed records wait for that.
        eventually(lambda: self._ends(committed=True) == self._ends(committed=False), 30)
        return at

    def _ends(self, *, committed: bool) -> dict[int, tuple[int, int]]:
        return ends(self._settings, self._topic, committed=committed)


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


def taken(hook: HttpServer) -> list[str]:
    """The symbols in all requests that were not refused."""
    return [name for request in hook.requests if request.status == 200 for name in symbols_of(request)]


def named(mails: Sequence[Mail], wanted: Iterable[str]) -> Counter[str]:
    """How many mails name each of these symbols."""
    return Counter(name for mail in mails for name in wanted if f" {name} at " in mail.text)


async def test_killed_in_between_nothing_is_lost_and_at_most_one_is_repeated_and_marked(
    ours: Settings, tmp_path: Path
) -> None:
    log, mails = tmp_path / "alerts.log", list[Mail]()
    sender = await Sender(ours).prepare()
    sender.send("BEFORE")
    with ExitStack() as servers:
        hook = servers.enter_context(HttpServer().running())
        port = servers.enter_context(held_port())
        servers.enter_context(smtp_server(port, mails, []))
        addresses = {
            "alert_urls": f"mail=mailto://127.0.0.1:{port}/?from={quote('a@example.com')}&to={quote('b@example.com')}&mode=insecure",
            "alert_webhook_url": hook.url(path="/hunter2"),
            "alert_webhook_secret": SECRET,
        }

        def shown() -> str:
            return log.read_text(errors="replace")

        with running(ours, log, **addresses) as process:
            eventually(lambda: all(len(committed(ours, name)) == 2 for name in ("webhook", "mail")), 90, shown)
            sender.send("PAST", origin="replay")
            prompt = in_two_seconds(sender, hook, shown)
            eventually(lambda: named(mails, prompt).keys() == set(prompt), 60, shown)
            eventually(lambda: not any(place.metadata for place in committed(ours, "webhook")), 60, shown)

            # Killed while the webhook has the message and has not answered.
            hook.go_on.clear()
            sender.send("HANGS")
            eventually(lambda: "HANGS" in taken(hook), 60, shown)
            process.kill()
            process.wait()
        hook.go_on.set()
        noted = [place for place in committed(ours, "webhook") if place.metadata]
        assert [str(place.metadata).startswith("sending until ") for place in noted] == [True]
        down = [f"DOWN-{number}" for number in range(1, 6)]
        sender.send(*down)

        with running(ours, log, **addresses) as process:
            eventually(lambda: set(down) <= set(taken(hook)), 90, shown)
            eventually(lambda: named(mails, down).keys() == set(down), 90, shown)
            # The webhook is away for a while; the other destination goes on.
            hook.status = 503
            sender.send("LATER")
            eventually(lambda: named(mails, ["LATER"]) and "webhook: not sent (answered 503)" in shown(), 60, shown)
            hook.status = 200
            eventually(lambda: "LATER" in taken(hook), 60, shown)
            eventually(lambda: all(not place.metadata for place in committed(ours, "webhook")), 60, shown)
            process.send_signal(signals.SIGTERM)
            assert process.wait(60) == 0, shown()

    wanted = {*prompt, "HANGS", "LATER", *down}
    arrived = [request for request in hook.requests if request.status == 200]
    assert Counter(taken(hook)) == Counter([*wanted, "HANGS"])
    [first, second] = [request for request in arrived if "HANGS" in symbols_of(request)]
    assert (first.json["possibly_repeated"], second.json["possibly_repeated"]) == (False, True)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert [request for request in arrived if request.json["possibly_repeated"]] == [second]

    found = named(mails, wanted)
    marked = [mail for mail in mails if "possibly repeated" in mail.subject]
    assert set(found) == wanted
    assert sum(found.values()) - len(wanted) <= len(marked) <= 1
    assert "hunter2" not in shown()
    assert SECRET not in shown()


def in_two_seconds(sender: Sender, hook: HttpServer, shown: Callable[[], str]) -> list[str]:
    """Send signals until their alerts came within two seconds: nothing waits longer than that but for a busy machine.

    Returns the symbols.
    """
    sent: list[str] = []

    def all_taken() -> bool:
        return set(sent) <= set(taken(hook))

    for number in range(4):
        names = [f"ONE-{number}", f"TWO-{number}"]
        sent += names
        at = sender.send(*names, origin="live")
        eventually(all_taken, 60, shown)
        if max(request.at for request in hook.requests) - at < 2:
            return sent
    raise AssertionError("no alert came within two seconds of its signal")


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
