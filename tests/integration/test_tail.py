import asyncio
import base64
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from app.avro.serde import Encoder, Poison
from app.dead_letters.record import dead_letter_headers
from app.kafka.clients import admin_config, producer_config, registry
from app.kafka.topic_admin import ensure_topics
from app.kafka.topics import Topic, topics
from app.settings import Settings
from tests.harness.chaos.topic_records import ends
from tests.integration.command_line import Stocks, environment, stocks
from tests.integration.fixtures_stack import LocalStack
from tests.integration.stack_settings import settings_for
from tests.integration.waiting import eventually
from tests.unit.records import BAR, SIGNAL

__all__ = ["stocks"]

MINUTE_MS = 60_000


@pytest.fixture
def ours(stack: LocalStack) -> Settings:
    settings = settings_for(stack.status, partitions=2)
    ensure_topics(settings)
    return settings


def encoder(settings: Settings, topic: Topic, schema: str | None = None) -> Encoder:
    made = Encoder(schema or str(topic.schema))
    asyncio.run(made.register(registry(settings), topic.subject))
    return made


def send(settings: Settings, topic: Topic, *payloads: bytes, **options: Any) -> None:
    producer = Producer(producer_config(settings))
    for payload in payloads:
        producer.produce(topic.name, payload, **({"key": "AAPL"} | options))
    assert producer.flush(20) == 0


def bars(count: int, **changes: Any) -> list[Mapping[str, Any]]:
    return [{**BAR, "timestamp": BAR["timestamp"] + number * MINUTE_MS, **changes} for number in range(count)]


def lines(output: str) -> list[Any]:
    return [json.loads(line) for line in output.splitlines()]


def test_signals_as_json_have_the_schemas_names_and_iso_times(ours: Settings, stocks: Stocks) -> None:
    topic = topics(ours).signals
    send(ours, topic, encoder(ours, topic).encode(SIGNAL))
    result = stocks(ours, "tail", "signals", "--until-end", "--json")
    assert result.exit_code == 0, result.output
    expected = {**SIGNAL, "timestamp": "2024-11-14T14:30:00Z", "emitted_at": "2024-11-14T14:31:01.234Z"}
    assert lines(result.stdout) == [expected]


def test_signals_as_a_table_say_their_origin_and_why(ours: Settings, stocks: Stocks) -> None:
    topic = topics(ours).signals
    write = encoder(ours, topic).encode
    send(ours, topic, write(SIGNAL), write({**SIGNAL, "origin": "synthetic", "previous_action": "HOLD"}))
    result = stocks(ours, "tail", "signals", "--until-end")
    header, first, second = result.stdout.splitlines()
    assert header.split()[:5] == ["bar", "(UTC)", "symbol", "action", "close"]
    assert first.split()[:5] == ["2024-11-14T14:30:00Z", "AAPL", "BUY", "189.75", "replay"]
    assert "RSI 27.4 < 30 while SMA-20 189.42 > SMA-50 188.97" in first
    assert second.split()[2:5] == ["HOLD→BUY", "189.75", "SYNTHETIC"]


def test_records_of_both_versions_and_what_cannot_be_decoded_are_shown(ours: Settings, stocks: Stocks) -> None:
    topic = topics(ours).raw
    old, new = encoder(ours, topic, "bar.v1"), encoder(ours, topic)
    send(ours, topic, old.encode(BAR), b"garbage", new.encode({**BAR, "close": float("nan")}))
    result = stocks(ours, "tail", topic.name, "--until-end", "--json")
    first, fault, last = lines(result.stdout)
    assert (first["run_id"], last["run_id"], last["close"]) == ("unnamed", BAR["run_id"], "nan")
    assert (fault["reason"], base64.b64decode(fault["value_base64"])) == ("not_avro", b"garbage")
    table = stocks(ours, "tail", "raw", "--until-end").stdout.splitlines()
    assert len(table) == 4
    assert "not_avro: does not begin with 0 and a schema id" in table[2]


@pytest.mark.parametrize("last", ["committed", "aborted", "open"])
def test_only_committed_records_are_shown_and_whatever_ends_the_topic_it_ends_too(
    ours: Settings, stocks: Stocks, last: str
) -> None:
    topic = topics(ours).raw
    write = encoder(ours, topic).encode
    producers = [Producer(producer_config(ours) | {"transactional.id": f"{ours.id}-{number}"}) for number in range(4)]
    for producer, end in zip(producers, ["committed", "aborted", "committed", last], strict=True):
        producer.init_transactions(20)
        producer.begin_transaction()
        for partition in range(2):
            for bar in bars(3, run_id=end):
                producer.produce(topic.name, write(bar), "AAPL", partition)
        assert producer.flush(20) == 0
        if end == "committed":
            producer.commit_transaction(20)
        elif end == "aborted":
            producer.abort_transaction(20)
        if end != "open":
            # Its markers, behind which committed records are read, come a moment after the answer.
            eventually(lambda: ends(ours, topic.name) == ends(ours, topic.name, committed=False), 30)
    expected = ["committed"] * (18 if last == "committed" else 12)
    for again in range(2):
        result = stocks(ours, "tail", "raw", "--until-end", "--json")
        assert result.exit_code == 0, result.output
        assert [record["run_id"] for record in lines(result.stdout)] == expected
        # What an aborted transaction leaves at the end hides nothing that comes later.
        if last != "open" and not again:
            send(ours, topic, write({**BAR, "run_id": "committed"}))
            expected.append("committed")
    if last == "open":
        producers[-1].abort_transaction(20)


def test_a_topic_of_nothing_but_aborted_records_is_empty_and_ends(ours: Settings, stocks: Stocks) -> None:
    topic = topics(ours).signals
    producer = Producer(producer_config(ours) | {"transactional.id": ours.id})
    producer.init_transactions(20)
    for _ in range(3):
        producer.begin_transaction()
        producer.produce(topic.name, encoder(ours, topic).encode(SIGNAL), "AAPL", 0)
        assert producer.flush(20) == 0
        producer.abort_transaction(20)
    result = stocks(ours, "tail", "signals", "--until-end", "--json")
    assert (result.exit_code, result.stdout) == (0, "")


def test_records_that_are_gone_do_not_keep_it_waiting(ours: Settings, stocks: Stocks) -> None:
    topic = topics(ours).raw
    send(ours, topic, *map(encoder(ours, topic).encode, bars(5)), partition=0)
    admin = AdminClient(admin_config(ours))
    for place in admin.delete_records([TopicPartition(topic.name, 0, 3)]).values():
        place.result(20)
    assert len(lines(stocks(ours, "tail", "raw", "--until-end", "--json").stdout)) == 2
    for place in admin.delete_records([TopicPartition(topic.name, 0, 5)]).values():
        place.result(20)
    assert stocks(ours, "tail", "raw", "--until-end", "--json").stdout == ""


def test_only_what_was_asked_for(ours: Settings, stocks: Stocks) -> None:
    topic = topics(ours).raw
    write = encoder(ours, topic).encode
    send(ours, topic, *map(write, bars(3)), *map(write, bars(3, symbol="SPY")), *map(write, bars(2, run_id="other")))
    end = ["tail", "raw", "--until-end", "--json"]
    assert {record["symbol"] for record in lines(stocks(ours, *end, "--symbol", "SPY").stdout)} == {"SPY"}
    assert [record["run_id"] for record in lines(stocks(ours, *end, "--run", "other").stdout)] == ["other"] * 2
    assert len(lines(stocks(ours, *end, "--limit", "4").stdout)) == 4


def test_dead_letters_show_why_and_where_from(ours: Settings, stocks: Stocks) -> None:
    topic = topics(ours).dead_letters
    headers = dead_letter_headers("not_avro", Poison("not_avro", "nonsense"), "raw", 3, 42, BAR["timestamp"])
    send(ours, topic, b"\x00\xffgarbage that is long", headers=headers)
    send(ours, topic, None, key="SPY")  # type: ignore[arg-type]
    letter, bare = lines(stocks(ours, "tail", "dead-letters", "--until-end", "--json").stdout)
    assert letter == {
        "reason": "not_avro",
        "exception": "Poison: nonsense",
        "topic": "raw",
        "partition": 3,
        "offset": 42,
        "time": "2024-11-14T14:30:00Z",
        "key": "AAPL",
        "value_base64": base64.b64encode(b"\x00\xffgarbage that is long").decode(),
    }
    assert (bare["key"], bare["reason"], bare["value_base64"]) == ("SPY", None, None)
    table = stocks(ours, "tail", "dead-letters", "--until-end", "--symbol", "AAPL").stdout.splitlines()
    assert len(table) == 2
    assert "raw[3]@42" in table[1]
    assert "0x00ff67617262616765207468617420" in table[1]


HOSTILE = "\x1b]0;owned\x07\x9b2J\r\n"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_nothing_in_a_record_moves_the_cursor(ours: Settings, stocks: Stocks, options: list[str]) -> None:
    raw, letters = topics(ours).raw, topics(ours).dead_letters
    write = encoder(ours, raw).encode
    send(ours, raw, write({**BAR, "symbol": HOSTILE, "run_id": HOSTILE}), HOSTILE.encode(), key=HOSTILE)
    headers = dead_letter_headers(HOSTILE, Poison("not_avro", HOSTILE), HOSTILE, 3, 42, BAR["timestamp"])
    send(ours, letters, HOSTILE.encode(), key=HOSTILE, headers=headers)
    for command in (["tail", "raw", "--until-end"], ["tail", "dead-letters", "--until-end"], ["dead-letters", "list"]):
        result = stocks(ours, *command, *options)
        assert result.exit_code == 0, result.output
        shown = result.stdout.splitlines()
        assert len(shown) == (0 if options else 1) + (2 if "raw" in command else 1)
        assert all(line.isprintable() for line in shown)
    summary = stocks(ours, "dead-letters", "list", "--summary").stdout
    assert all(line.isprintable() for line in summary.splitlines())
    assert "owned" in summary
    details = stocks(ours, "dead-letters", "show", "0:0")
    other = stocks(ours, "dead-letters", "show", "1:0")
    assert {details.exit_code, other.exit_code} == {0, 1}
    assert all(line.isprintable() for line in (details.stdout + other.stdout).splitlines())


def test_it_commits_nothing_and_leaves_no_group(ours: Settings, stocks: Stocks) -> None:
    topic = topics(ours).raw
    send(ours, topic, encoder(ours, topic).encode(BAR))
    assert stocks(ours, "tail", "raw", "--until-end").exit_code == 0
    assert not [name for name in asyncio.run(groups(ours)) if name.startswith(ours.id)]


async def groups(settings: Settings) -> list[str]:
    """The names of all groups."""
    # librdkafka's own list may not come at all from a machine under load.
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    await admin.start()
    try:
        return [name for name, *_ in await admin.list_consumer_groups()]
    finally:
        await admin.close()


def test_mistakes_are_one_clear_line(stack: LocalStack, stocks: Stocks) -> None:
    empty = settings_for(stack.status)
    missing = stocks(empty, "tail", "signals", "--until-end")
    assert missing.exit_code == 1
    assert missing.stderr.startswith(
        f"Error: There is no topic {empty.topic_prefix}stocks.signals: `stocks topics create`"
    )
    unknown = stocks(empty, "tail", "nonsense")
    assert unknown.exit_code == 2
    assert "take raw, signals, dead-letters, or" in unknown.stderr


def test_it_follows_until_ctrl_c_and_shows_only_what_comes(ours: Settings, tmp_path: Path) -> None:
    topic = topics(ours).raw
    write = encoder(ours, topic).encode
    send(ours, topic, write({**BAR, "run_id": "before"}))
    command = [str(Path(sys.executable).parent / "stocks"), "tail", "raw", "--json"]
    process = subprocess.Popen(
        command,
        env=os.environ | environment(ours),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        # It follows from where it finds the partitions' ends, which nobody else can see: send until it shows one.
        while not select.select([process.stdout], [], [], 0.1)[0]:
            send(ours, topic, write({**BAR, "run_id": "after"}))
        shown = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert json.loads(shown)["run_id"] == "after"
    assert (process.returncode, errors) == (0, "")
