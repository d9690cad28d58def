"""The rows of a windows table, read without the system's help: from a worker's disk, and from the changelog alone."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from confluent_kafka import Message
from rocksdict import AccessType, Options, Rdict

from app.domain.key import split_key
from app.domain.row import Row
from app.domain.signal import signal_of
from app.engine.checkpoint import CHECKPOINT_KEY, RESET_KEY
from app.engine.table import POSITION_KEY
from app.kafka.topics import topics
from app.settings import Settings
from tables.row_format import decode_row, series_of
from tests.harness.chaos.topic_records import read_all
from tests.harness.oracle import differences

Rows = dict[bytes, bytes]


def changelog(settings: Settings) -> dict[int, list[Message]]:
    """The committed records of the changelog, by partition."""
    found: dict[int, list[Message]] = {partition: [] for partition in range(settings.partitions)}
    for message in read_all(settings, topics(settings).windows_changelog.name):
        found[cast(int, message.partition())].append(message)
    return found


def applied(rows: Mapping[bytes, bytes], records: Iterable[Message]) -> Rows:
    """Rows and checkpoint after these changelog records: the last value of each key counts."""
    result = dict(rows)
    for record in records:
        key, value = cast(bytes, record.key()), record.value()
        if key == RESET_KEY:
            result.clear()
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def on_disk(data: Path, partition: int) -> tuple[Rows, int]:
    """Rows and checkpoint in the data folder of a worker that has ended, and up to where the changelog is in them."""
    path = data / "v1" / "tables" / f"windows-{partition}.db"
    if not path.exists():
        return {}, 0
    database = Rdict(str(path), Options(raw_mode=True), access_type=AccessType.read_only())
    try:
        rows = {cast(bytes, key): cast(bytes, value) for key, value in database.items()}
    finally:
        database.close()
    return rows, int(rows.pop(POSITION_KEY, b"0"))


def wrong_disks(settings: Settings, folders: Iterable[Path]) -> list[str]:
    """Sentences that tell where data folders are no state that the changelog ever said, or do not come to its end.

    A worker that no longer has a partition holds an older state of it: with the records behind, it must be the newest.
    """
    records = changelog(settings)
    problems = []
    for folder in folders:
        for partition, ours in records.items():
            rows, position = on_disk(folder, partition)
            then = applied({}, [each for each in ours if cast(int, each.offset()) < position])
            behind = applied(rows, [each for each in ours if cast(int, each.offset()) >= position])
            name = f"{folder.name}: windows[{partition}], changelog position {position}"
            problems += [f"{name}: {why}" for why in _unequal(rows, then, "differs from the changelog there")]
            problems += [f"{name}: {why}" for why in _unequal(behind, applied({}, ours), "does not come to its end")]
    return problems


def wrong_rows(settings: Settings, expected: Sequence[dict[str, Any]], sent: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sentences that tell where the changelog's last values are not what numpy expects, or not what was sent.

    `expected` are the final signals of all bars, as many as the table keeps; `sent` the last revisions in the topic.
    """
    signals = [
        dict(_signal(settings, key, decode_row(value)))
        for partition in changelog(settings).values()
        for key, value in applied({}, partition).items()
        if key != CHECKPOINT_KEY
    ]
    ours, theirs = ({each["id"]: each for each in found} for found in (signals, sent))
    return differences(expected, signals) + [
        f"{id_}: the table has {ours.get(id_)}, the topic {theirs.get(id_)}"
        for id_ in sorted(ours.keys() | theirs.keys())
        if ours.get(id_) != theirs.get(id_)
    ]


def _signal(settings: Settings, key: bytes, row: Row) -> Mapping[str, Any]:
    return signal_of(row, *split_key(series_of(key)), settings.strategy)


def _unequal(found: Rows, wanted: Rows, why: str) -> list[str]:
    keys = sorted(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
    return [f"{why}: {len(keys)} keys, {keys[0]!r} and others"] if keys else []
