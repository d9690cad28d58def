"""A process that writes to a table until it is killed: `python -m tests.unit.engine.table_writer DATA_DIR`.

Write number n has position n and gives one of 50 rows the value n, so that each
position has rows of its own. It prints the number of each thousandth write.
"""

import sys
from itertools import count
from pathlib import Path

from app.engine.app import BatchApp
from tests.unit.engine.made import make_numbers, make_options

ROWS = 50
VALUE_BYTES = 2000


def key(number: int) -> bytes:
    return b"%02d" % (number % ROWS)


def value(number: int) -> bytes:
    return b"%0*d" % (VALUE_BYTES, number)


def rows_at(position: int) -> dict[bytes, bytes]:
    """What the table holds after the write of that number."""
    return {key(number): value(number) for number in range(max(1, position - ROWS + 1), position + 1)}


def main() -> None:
    numbers = make_numbers(BatchApp(make_options(Path(sys.argv[1]))))
    for number in count(1):
        numbers.restore(0, {key(number): value(number)}, number)
        if number % 1000 == 0:
            print(number, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
