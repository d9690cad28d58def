"""Poison goes to the dead letters, each with its reason, and the records around it are processed."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from confluent_kafka import Producer

from app.avro.serde import Encoder
from app.dead_letters.record import dead_letter_headers, read_headers
from app.domain.records import Bar
from app.kafka.clients import producer_config, registry
from tests.bars import OPENING_MS, make_bar
from tests.integration.command_line import Stocks, stocks
from tests.integration.conftest import Deploy
from tests.watching.metrics_page import declared_labels
from tests.watching.queries import dashboard_queries, exported, rule_queries, unknown

__all__ = ["stocks"]

NAN = float("nan")
POISON: list[tuple[str, Callable[[Encoder], bytes | None]]] = [
    ("not_avro", lambda _: b'{"symbol": "AAPL"}'),
    ("not_avro", lambda encoder: b"\x01" + encoder.encode(make_bar(0, 10.0))[1:]),
    ("not_avro", lambda _: b""),
    ("unknown_schema", lambda encoder: b"\x00\x00\x7f\xff\xff" + encoder.encode(make_bar(0, 10.0))[5:]),
    ("undecodable", lambda encoder: encoder.encode(make_bar(0, 10.0))[:-9]),
    ("undecodable", lambda encoder: encoder.encode(make_bar(0, 10.0)) + b"more"),
    ("undecodable", lambda _: None),
    ("invalid", lambda encoder: encoder.encode(make_bar(0, NAN))),
    ("invalid", lambda encoder: encoder.encode(make_bar(0, -1.0))),
    ("invalid", lambda encoder: encoder.encode(changed(high=9.0, low=11.0))),
    ("invalid", lambda encoder: encoder.encode(changed(symbol=""))),
    ("invalid", lambda encoder: encoder.encode(changed(timestamp=0))),
    ("invalid", lambda encoder: encoder.encode(changed(timestamp=4_102_444_800_000))),
    ("invalid", lambda encoder: encoder.encode(changed(volume=-1.0))),
    ("key_mismatch", lambda encoder: encoder.encode(changed(symbol="MSFT"))),
    ("stale", lambda encoder: encoder.encode(make_bar(-100, 10.0))),
]


def changed(**fields: Any) -> Bar:
    return make_bar(0, 10.0, **fields)


def test_every_poison_is_a_dead_letter_and_its_neighbours_are_signals(deploy: Deploy) -> None:
    deployment = deploy(partitions=1)
    deployment.send([])
    encoder = Encoder("bar")
    asyncio.run(encoder.register(registry(deployment.settings), deployment.topics.raw.subject))
    bars = [make_bar(minute, 10.0 + minute % 7) for minute in range(70)]
    values: list[tuple[str | None, bytes | None]] = [(None, encoder.encode(bar)) for bar in bars]
    for index, (reason, make) in enumerate(POISON):
        values.insert(20 + 3 * index, (reason, make(encoder)))
    deployment.send_raw((b"AAPL", value) for _, value in values)

    worker = deployment.start_worker(LOG_FORMAT="json").wait_ready()
    deployment.settle()
    assert deployment.wrong_signals(bars) == []
    letters = deployment.messages(deployment.topics.dead_letters)
    poisoned = [(offset, reason, value) for offset, (reason, value) in enumerate(values) if reason]
    found = sorted(
        (int(headers["offset"]), headers["reason"], letter.value())
        for letter in letters
        if (headers := read_headers(letter.headers()))
    )
    assert found == poisoned
    assert all(letter.key() == b"AAPL" for letter in letters)
    headers = read_headers(letters[0].headers())
    assert headers["topic"] == deployment.topics.raw.name
    assert headers["partition"] == "0"
    assert headers["time"].endswith("Z")
    metrics = worker.get("/metrics").text
    for reason in {reason for reason, _ in POISON}:
        count = sum(each == reason for each, _ in POISON)
        assert f'stocks_dead_letters_total{{reason="{reason}"}} {count}.0' in metrics
    # What rules and dashboards ask for is what a worker exports.
    assert unknown([*rule_queries(), *dashboard_queries()], exported(metrics, declared_labels())) == []
    # Every line of its log is an event; one of each reason has the place of its record.
    events = [json.loads(line) for line in worker.log.read_text().splitlines()]
    refused = [each for each in events if each["message"].startswith("Refused as ")]
    # On a slow machine a minute may pass between two of them, and a reason is said again.
    first_of = {each["message"].split(":")[0]: each for each in reversed(refused)}
    assert set(first_of) == {f"Refused as {reason}" for reason, _ in POISON}
    for reason in {reason for reason, _ in POISON}:
        event = first_of[f"Refused as {reason}"]
        first = next(offset for offset, each, _ in poisoned if each == reason)
        assert (event["topic"], event["partition"], event["offset"]) == (deployment.topics.raw.name, 0, first)


def test_letters_of_aborted_transactions_are_neither_listed_nor_replayed(deploy: Deploy, stocks: Stocks) -> None:
    deployment = deploy(partitions=1)
    deployment.send([])
    ours, all_topics = deployment.settings, deployment.topics
    encoder = Encoder("bar")
    asyncio.run(encoder.register(registry(ours), all_topics.raw.subject))
    producer = Producer(producer_config(ours) | {"transactional.id": ours.id})
    producer.init_transactions(20)
    for offset, end in enumerate([producer.commit_transaction, producer.abort_transaction, producer.abort_transaction]):
        headers = dead_letter_headers("unknown_schema", "no schema 9", all_topics.raw.name, 0, offset, OPENING_MS)
        producer.begin_transaction()
        producer.produce(
            all_topics.dead_letters.name,
            encoder.encode(make_bar(offset, 10.0)),
            "AAPL",
            0,
            headers=headers,  # type: ignore[arg-type]
        )
        assert producer.flush(20) == 0
        end(20)
    listed = stocks(ours, "dead-letters", "list", "--json")
    assert [json.loads(line)["offset"] for line in listed.stdout.splitlines()] == [0]
    assert json.loads(stocks(ours, "dead-letters", "list", "--summary", "--json").stdout) == {"unknown_schema": 1}
    assert stocks(ours, "dead-letters", "show", f"{all_topics.raw.name}[0]@1").exit_code == 1
    replayed = stocks(ours, "dead-letters", "replay", "--yes")
    assert "Sent 1, all acknowledged." in replayed.stdout, replayed.output
    [again] = deployment.messages(all_topics.raw)
    assert again.value() == encoder.encode(make_bar(0, 10.0))


def test_a_stale_bar_of_a_backfill_is_only_counted(deploy: Deploy) -> None:
    deployment = deploy(partitions=1)
    bars = [make_bar(minute, 10.0) for minute in range(70)]
    deployment.send([*bars, make_bar(-5, 9.0, origin="backfill")])
    worker = deployment.start_worker().wait_ready()
    deployment.settle()
    assert deployment.count(deployment.topics.dead_letters) == 0
    assert 'stocks_bars_total{outcome="stale"} 1.0' in worker.get("/metrics").text
