from collections.abc import Mapping

import pytest
from app.engine.progress import PROGRESS_KEY, encode_progress
from app.engine.restoring import Restoring, UnreadableValue, is_newer

from tests.unit.engine.made import TOPIC_ID, Rec, changelog


class Store:
    """A store in memory, with the numbers of the entries of each write."""

    def __init__(self) -> None:
        self.values: dict[tuple[int, bytes], bytes] = {}
        self.offsets: dict[int, int] = {}
        self.writes: list[int] = []
        self.restoring = Restoring("numbers", lambda value: (TOPIC_ID, int(value)), self.read, self.put)

    def read(self, partition: int, key: bytes) -> bytes | None:
        return self.values.get((partition, key))

    def put(self, partition: int, entries: Mapping[bytes, bytes], offset: int) -> None:
        self.values |= {(partition, key): value for key, value in entries.items()}
        self.offsets[partition] = offset
        self.writes.append(len(entries))


@pytest.fixture
def store() -> Store:
    return Store()


def test_nothing_is_written_before_it_must_be(store: Store) -> None:
    store.restoring.add(changelog(Rec(0, b"a", b"1"), Rec(1, b"b", b"1")))
    store.restoring.add(changelog(Rec(2, b"a", b"2"), Rec(3, b"a", b"3")))
    assert store.writes == []
    store.restoring.flush()
    assert store.writes == [2]
    assert store.values == {(0, b"a"): b"3", (0, b"b"): b"1"}
    assert store.offsets == {0: 3}


def test_what_was_written_is_not_written_again(store: Store) -> None:
    store.restoring.add(changelog(Rec(0, b"a", b"1")))
    store.restoring.flush()
    store.restoring.flush()
    assert store.writes == [1]


def test_much_is_written_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.engine.restoring.WAITING_BYTES", 4)
    store.restoring.add(changelog(Rec(0, b"a", b"11"), Rec(1, b"a", b"22"), Rec(2, b"b", b"33")))
    assert store.writes == []
    store.restoring.add(changelog(Rec(3, b"c", b"44"), partition=1))
    assert store.writes == [2, 1]
    assert store.offsets == {0: 2, 1: 3}


def test_what_the_store_has_counts_too(store: Store) -> None:
    store.values[0, b"a"] = b"9"
    store.restoring.add(changelog(Rec(0, b"a", b"8")))
    store.restoring.add(changelog(Rec(1, b"a", b"7")))
    store.restoring.flush()
    assert store.values[0, b"a"] == b"9"
    store.restoring.add(changelog(Rec(2, b"a", b"9"), Rec(3, b"a", b"10")))
    store.restoring.flush()
    assert store.values[0, b"a"] == b"10"


def test_a_partition_without_values_still_gets_its_offset(store: Store) -> None:
    store.restoring.add(changelog(Rec(5, b"a", None), Rec(6, None, b"1")))
    store.restoring.flush()
    assert store.values == {}
    assert store.offsets == {0: 6}


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (b"run\x00AAPL", b"x", "invalid literal"),
        (PROGRESS_KEY, b"\x09" + encode_progress(TOPIC_ID, 1)[1:], "version 9"),
    ],
)
def test_what_cannot_be_read_is_named_and_no_offset_goes_beyond_it(
    store: Store, key: bytes, value: bytes, reason: str
) -> None:
    store.restoring.add(changelog(Rec(0, b"a", b"1")))
    with pytest.raises(UnreadableValue, match=rf"table numbers, key .*: .*{reason}"):
        store.restoring.add(changelog(Rec(1, b"b", b"1"), Rec(2, key, value)))
    with pytest.raises(UnreadableValue):
        store.restoring.add(changelog(Rec(1, key, value), partition=1))
    store.restoring.flush()
    assert store.offsets == {0: 0}


@pytest.mark.parametrize(
    ("position", "than", "newer"),
    [
        (("topic", 0, 8), ("topic", 0, 7), True),
        (("topic", 0, 7), ("topic", 0, 7), True),
        (("topic", 0, 6), ("topic", 0, 7), False),
        (("other", 0, 6), ("topic", 0, 7), True),
    ],
)
def test_positions_are_compared_within_a_topic(
    position: tuple[str, int, int], than: tuple[str, int, int], newer: bool
) -> None:
    assert is_newer(position, than) is newer
