"""GET /worker and GET /dead-letters."""

import httpx

from app.dead_letters.letter import Letter
from app.dead_letters.record_place import RecordPlace
from app.kafka.broker import BrokerUnavailable
from tests.unit.web.fake import FakeReader
from web.reader import Readiness


async def test_the_worker_and_its_partitions(client: httpx.AsyncClient, reader: FakeReader) -> None:
    answer = (await client.get("/worker")).json()
    assert (answer["status"], answer["reasons"], answer["strategy"]) == ("ok", [], reader.strategy.name)
    assert answer["workers"] == ["http://here:8001"]
    (first, second) = answer["partitions"]
    assert {name: value for name, value in first.items() if name != "as_of"} == {
        "partition": 0,
        "owner": "http://here:8001",
        "here": True,
        "position": 12,
        "lag": 0,
        "status": "active",
    }
    assert (second["partition"], second["position"]) == (1, 7)
    assert set(answer["signals"]) == {"BUY", "SELL", "HOLD"}
    assert answer["versions"]["faust-streaming"]


async def test_the_worker_answers_while_it_recovers(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.state = Readiness(recovering=True, reasons=("tables are being restored: 3 records to go",))
    answer = await client.get("/worker")
    assert (answer.status_code, answer.json()["status"]) == (200, "recovering")


def letter(offset: int, value: bytes | None = b"\x00\x01" * 50, source: RecordPlace | None = None) -> Letter:
    return Letter(
        RecordPlace("stocks.dead-letters", 1, offset),
        source,
        "undecodable",
        "ValueError: no",
        None,
        None,
        b"AAPL",
        value,
    )


async def test_the_newest_dead_letters(client: httpx.AsyncClient, reader: FakeReader) -> None:
    reader.operations.letters = [letter(9, source=RecordPlace("stocks.raw.avro", 1, 392)), letter(8, None)]
    answer = (await client.get("/dead-letters?limit=2")).json()
    assert (answer["read"], answer["reasons"]) == (2, {"undecodable": 2})
    first, second = answer["letters"]
    assert (first["source"], first["key"], first["value_bytes"]) == ("stocks.raw.avro[1]@392", "AAPL", 100)
    assert first["value"].startswith("00 01 00 01")
    assert (second["source"], second["value"], second["value_bytes"]) == (None, None, 0)


async def test_a_broker_that_does_not_answer_is_503_with_the_reason(
    client: httpx.AsyncClient, reader: FakeReader
) -> None:
    reader.operations.fault = BrokerUnavailable("No broker answers at 127.0.0.1:1")
    answer = await client.get("/dead-letters")
    assert (answer.status_code, answer.json()["detail"]) == (503, "No broker answers at 127.0.0.1:1")
    assert answer.headers["retry-after"] == "5"
