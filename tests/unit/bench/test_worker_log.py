from datetime import datetime
from pathlib import Path

import pytest

from tests.bench.worker_log import JOINED, RESTORED, logged_at


def seconds(time: str) -> float:
    return datetime.fromisoformat(f"2024-11-14 {time}").timestamp()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    found = tmp_path / "worker.log"
    lines = [
        "generation id 0, of a line without a time",
        "[2024-11-14 09:00:01,500] [7] [INFO] generation id 1 app consumers id 1",
        "[2024-11-14 09:00:02,000] [7] [INFO] [^---Recovery]: Restore complete!",
        "[2024-11-14 09:00:05,250] [8] [INFO] generation id 2 app consumers id 2",
        "[2024-11-14 09:00:06,000] [8] [INFO] [^---Recovery]: Restore complete!",
        "[2024-11-14 09:00:07,000] [8] [INFO] Tables restored: 5 records in 0.5 s",
    ]
    found.write_text("\n".join(lines))
    return found


def test_the_first_line_behind_a_time_counts(log: Path) -> None:
    assert logged_at(log, JOINED) == seconds("09:00:01.500")
    assert logged_at(log, JOINED, seconds("09:00:03")) == seconds("09:00:05.250")
    assert logged_at(log, JOINED, seconds("09:00:06")) is None


def test_an_older_programs_line_counts_only_where_the_newer_one_is_missing(log: Path) -> None:
    assert logged_at(log, RESTORED) == seconds("09:00:07")
    log.write_text("\n".join(log.read_text().splitlines()[:-1]))
    assert logged_at(log, RESTORED, seconds("09:00:03")) == seconds("09:00:06")
