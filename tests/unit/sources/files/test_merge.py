import random
from collections.abc import Iterator
from pathlib import Path

from app.sources.files.bar_rows import BarRow, BarRows, rows_of
from app.sources.files.merge import merged
from app.sources.files.sort import in_order_of_time

MINUTE = 60_000


class Made:
    """A stream of these minutes, in parts of this size; counts how many are open at once."""

    open_now = 0
    most_open = 0

    def __init__(self, number: int, minutes: list[int], size: int = 3) -> None:
        self.number, self.minutes, self.size = number, minutes, size

    @property
    def first_ms(self) -> int:
        return self.minutes[0] * MINUTE

    def parts(self) -> Iterator[BarRows]:
        Made.open_now += 1
        Made.most_open = max(Made.most_open, Made.open_now)
        for start in range(0, len(self.minutes), self.size):
            part = self.minutes[start : start + self.size]
            rows = [BarRow(f"S{self.number}", minute * MINUTE, 1, 1, 1, 1, 1) for minute in part]
            yield rows_of(range(start + 1, start + 1 + len(rows)), rows).of_file(self.number)
        Made.open_now -= 1


def flat(parts: Iterator[BarRows]) -> list[tuple[int, int, int]]:
    """File, line and minute of each row."""
    found = []
    for part in parts:
        found += list(zip(part.file.tolist(), part.line.tolist(), (part.timestamp // MINUTE).tolist(), strict=True))
    return found


def test_files_are_merged_by_time_and_each_keeps_its_own_order() -> None:
    chance = random.Random(5)
    for _ in range(200):
        streams = []
        for number in range(chance.randint(2, 5)):
            minutes = sorted(chance.choices(range(40), k=chance.randint(1, 25)))
            if chance.random() < 0.3:
                chance.shuffle(minutes)
            streams.append(Made(number, minutes, chance.randint(1, 6)))
        found = flat(merged(streams))
        for stream in streams:
            assert [row[2] for row in found if row[0] == stream.number] == stream.minutes
        if all(stream.minutes == sorted(stream.minutes) for stream in streams):
            assert [row[2] for row in found] == sorted(row[2] for row in found)


def test_a_late_row_stays_behind_the_one_before_it() -> None:
    found = flat(merged([Made(0, [1, 5, 2, 6]), Made(1, [3, 4, 7])]))
    assert [(file, minute) for file, _, minute in found] == [(0, 1), (1, 3), (1, 4), (0, 5), (0, 2), (0, 6), (1, 7)]


def test_files_one_after_the_other_in_time_are_open_one_at_a_time() -> None:
    Made.most_open = 0
    days = [Made(number, list(range(number * 100, number * 100 + 50))) for number in range(20)]
    assert len(flat(merged(days))) == 1000
    assert Made.most_open <= 2


def test_more_rows_than_are_held_are_sorted_on_disk(tmp_path: Path) -> None:
    chance = random.Random(7)
    minutes = [chance.randrange(60) for _ in range(500)]
    found = flat(in_order_of_time(Made(0, minutes, 7).parts(), tmp_path, run=50))
    # Of the same minute the first one first: the last value that arrives wins.
    assert found == [(0, line, minute) for minute, line in sorted(zip(minutes, range(1, 501), strict=True))]
    assert list(tmp_path.iterdir()) == []


def test_nothing_sorted_is_nothing(tmp_path: Path) -> None:
    assert flat(in_order_of_time(iter(()), tmp_path)) == []


def test_of_many_files_each_round_takes_many_rows() -> None:
    streams = [Made(number, list(range(400)), 20 + number % 7) for number in range(60)]
    parts = list(merged(streams))
    assert sum(map(len, parts)) == 60 * 400
    # Each round goes on by half a part of 20 rows, at least.
    assert len(parts) <= 400 / 10 + 1
