"""`stocks tail` of a topic in memory."""

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any, Self

import pytest
from click.testing import CliRunner, Result

from app.avro.serde import Encoder
from app.cli import main
from app.kafka.clients import registry
from app.kafka.topic_reader import TopicReader
from tests.bars import make_bar
from tests.harness.doubles.schema_source import SchemasInMemory

RUN = make_bar(0, 1.0)["run_id"]


class Message:
    """A record as the client gives it."""

    def __init__(
        self, offset: int, value: bytes | None, key: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self._offset, self._value, self._key = offset, value, key
        self._headers = [(name, text.encode()) for name, text in (headers or {}).items()]

    def topic(self) -> str:
        return "stocks.raw.avro"

    def partition(self) -> int:
        return 1

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes | None:
        return self._key

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> list[tuple[str, bytes]]:
        return self._headers


class Topics:
    """Batches to be read from whatever topic is asked for, and how it was asked for."""

    def __init__(self) -> None:
        self.registry = SchemasInMemory()
        self.batches: list[list[Message]] = []
        self.asked: list[tuple[str, bool, bool]] = []
        self.read = 0
        self.interrupted = False

    def reader(self, _: object, topic: str, *, from_beginning: bool, until_end: bool) -> "Reader":
        self.asked.append((topic, from_beginning, until_end))
        return Reader(self)

    def add(self, schema: str, *records: Any) -> None:
        """A batch."""
        encoder = Encoder(schema)
        asyncio.run(encoder.register(self.registry, schema))
        start = sum(map(len, self.batches))
        self.batches.append([Message(start + number, encoder.encode(each)) for number, each in enumerate(records)])

    def tail(self, *arguments: str) -> Result:
        handed_in = {TopicReader: self.reader, registry: lambda _: self.registry}
        return CliRunner().invoke(main, ["tail", *arguments], obj=handed_in)


class Reader:
    def __init__(self, topics: Topics) -> None:
        self._topics = topics

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def batches(self) -> Iterator[list[Message]]:
        for batch in self._topics.batches:
            self._topics.read += 1
            yield batch
        if self._topics.interrupted:
            raise KeyboardInterrupt


@pytest.fixture
def topics() -> Topics:
    return Topics()


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ([], (False, False)),
        (["--from-beginning"], (True, False)),
        (["--until-end"], (True, True)),
    ],
)
def test_where_it_begins_and_ends(topics: Topics, options: list[str], asked: tuple[bool, bool]) -> None:
    assert topics.tail("raw", *options).exit_code == 0
    assert topics.tail("stocks.raw.avro", *options).exit_code == 0
    assert topics.asked == [("stocks.raw.avro", *asked)] * 2


def test_bars_in_columns(topics: Topics) -> None:
    topics.add("bar", make_bar(0, 1.0), make_bar(1, 2.0, symbol="SPY", origin="synthetic"))
    heading, *rows = topics.tail("raw").stdout.splitlines()
    assert heading.split()[:4] == ["bar", "(UTC)", "symbol", "open"]
    assert [" ".join(row.split()) for row in rows] == [
        f"2024-11-14T14:30:00Z AAPL 1.00 1.00 1.00 1.00 100 replay {RUN}",
        f"2024-11-14T14:31:00Z SPY 2.00 2.00 2.00 2.00 100 SYNTHETIC {RUN}",
    ]


def test_only_the_symbol_and_the_run_that_were_asked_for(topics: Topics) -> None:
    topics.add("bar", make_bar(0, 1.0), make_bar(1, 2.0, symbol="SPY"), make_bar(2, 3.0, run_id="replay-other"))
    shown = topics.tail("raw", "--json", "--symbol", "AAPL", "--run", RUN).stdout.splitlines()
    assert [json.loads(line)["close"] for line in shown] == [1.0]


def test_json_has_the_schemas_names_and_times_as_texts(topics: Topics) -> None:
    topics.add("bar", make_bar(0, 1.5))
    told = json.loads(topics.tail("raw", "--json").stdout)
    assert (told["symbol"], told["timestamp"], told["close"]) == ("AAPL", "2024-11-14T14:30:00Z", 1.5)


def test_after_so_many_records_it_reads_no_further(topics: Topics) -> None:
    topics.add("bar", make_bar(0, 1.0), make_bar(1, 2.0))
    topics.add("bar", make_bar(2, 3.0), make_bar(3, 4.0))
    topics.add("bar", make_bar(4, 5.0))
    assert len(topics.tail("raw", "--json", "--limit", "3").stdout.splitlines()) == 3
    assert topics.read == 2


def test_what_cannot_be_decoded_is_a_line_with_its_place_and_moves_no_cursor(topics: Topics) -> None:
    topics.batches.append([Message(7, b"\x1b[2Jnonsense")])
    plain = topics.tail("raw").stdout.splitlines()[1]
    assert plain.startswith("✗ partition 1, offset 7: ")
    assert "\x1b" not in plain
    told = json.loads(topics.tail("raw", "--json").stdout)
    assert (told["partition"], told["offset"]) == (1, 7)
    assert base64.b64decode(told["value_base64"]) == b"\x1b[2Jnonsense"


def test_dead_letters_say_why_and_where_from(topics: Topics) -> None:
    said = {
        "reason": "not_avro",
        "exception": "Poison: no",
        "topic": "stocks.raw.avro",
        "partition": "1",
        "offset": "9",
    }
    topics.batches.append([Message(0, b"\x00\x01", b"AAPL", said), Message(1, None, None)])
    heading, first, second = topics.tail("dead-letters").stdout.splitlines()
    assert heading.split()[0] == "time"
    assert "not_avro" in first
    assert "stocks.raw.avro[1]@9" in first
    assert "0x0001 (2 bytes)" in first
    assert "none" in second
    only = topics.tail("dead-letters", "--json", "--symbol", "AAPL").stdout.splitlines()
    assert [(each["key"], each["offset"], each["value_base64"]) for each in map(json.loads, only)] == [
        ("AAPL", 9, "AAE=")
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "There is no topic 'nonsense' to read: take raw, signals, dead-letters, or stocks.raw.avro"),
        (["dead-letters", "--run", "r"], "--run does not go with dead letters"),
        (["raw", "--limit", "0"], "0 is not in the range x>=1"),
    ],
)
def test_mistakes_are_said_before_anything_is_read(topics: Topics, arguments: list[str], message: str) -> None:
    result = topics.tail(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert topics.asked == []


def test_ctrl_c_is_the_way_to_end_following(topics: Topics) -> None:
    topics.add("bar", make_bar(0, 1.0))
    topics.interrupted = True
    result = topics.tail("raw", "--json")
    assert (result.exit_code, len(result.stdout.splitlines()), result.stderr) == (0, 1, "")
