import os

import psutil

from app.engine.memory import give_back

#: Too large for Python's own pools, small enough for the heap; and how many lie side by side.
BYTES, TOGETHER = 700, 50


def test_what_is_free_between_what_lasts_goes_back() -> None:
    process = psutil.Process()
    made = [os.urandom(BYTES) for _ in range(100_000)]
    lasting = [each for number, each in enumerate(made) if number // TOGETHER % 10 == 0]
    del made[:]
    before = process.memory_info().rss
    give_back()
    # Nine tenths are free by now; half of that is enough to see it.
    assert before - process.memory_info().rss > 0.45 * 100_000 * BYTES
    assert len(lasting) == 10_000
