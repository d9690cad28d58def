"""A worker whose disk is full or read-only.

The disk is a tmpfs, for which the tests must be allowed to mount one. Where they are not they warn that this was not
tried; what RocksDB says of a full disk is then held by tests/unit/engine/test_table.py alone.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.bars import make_bar
from tests.integration.conftest import Deploy
from tests.integration.small_disk import SmallDisk, small_disk
from tests.integration.waiting import eventually

FULL = "is full: free some room there"
#: So many rows do not fit into what a partition's store holds in memory.
MUCH = 16_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk | None]:
    with small_disk(tmp_path / "disk", megabytes=12) as made:
        yield made


def test_a_worker_waits_while_its_disk_is_full_and_goes_on_when_there_is_room(
    deploy: Deploy, disk: SmallDisk | None
) -> None:
    if disk is None:
        return
    # The more partitions, the less of each is held in memory before it must go to the disk: here 1 MiB.
    deployment = deploy(partitions=16, keep_bars=40_000)
    data = str(disk.path / "data")
    worker = deployment.start_worker("full", DATA_DIR=data).wait_ready()
    disk.fill()
    random = Random(1)
    bars = [make_bar(minute, round(random.uniform(99, 101), 4), volume=minute) for minute in range(2 * MUCH)]
    deployment.send(bars[:MUCH])

    def waits_for_room() -> bool:
        disk.fill()  # RocksDB removes old files of its own now and then.
        ready = worker.get("/ready")
        waits = any(FULL in reason for reason in ready.json()["reasons"])
        assert not waits or ready.status_code == 503
        return waits

    eventually(waits_for_room, 120, worker.tail)
    eventually(lambda: FULL in worker.tail(20_000), 20)
    disk.free()
    deployment.settle()
    worker.wait_ready()
    assert "Event loop is closed" not in worker.log.read_text()

    # Full at a rebalance: databases that come to it cannot be opened, and it waits for room as before.
    other = deployment.start_worker("elsewhere").wait_ready()
    disk.fill()
    other.terminate()
    eventually(waits_for_room, 60, worker.tail)
    disk.free()
    worker.wait_ready()

    # Full again, with a rebalance and an end on the way: nobody waits for room then.
    disk.fill()
    deployment.send(bars[MUCH:])
    eventually(waits_for_room, 120, worker.tail)
    assert worker.terminate(30) == 0
    other = deployment.start_worker("elsewhere").wait_ready()
    deployment.settle()
    assert deployment.wrong_signals(bars) == []
    other.terminate()

    # And a start on the full disk ends with a sentence.
    disk.fill()
    refused = deployment.start_worker("full", DATA_DIR=data)
    assert refused.process.wait(60) == 1
    assert f"Error: DATA_DIR={data} is on a disk that is full: free some room there" in refused.tail()
    assert "Traceback" not in refused.tail().rpartition("DATA_DIR")[2]


@pytest.mark.parametrize("what", ["a file", "read-only"])
def test_a_data_folder_that_cannot_be_used_ends_the_worker_with_a_sentence(
    deploy: Deploy, disk: SmallDisk | None, tmp_path: Path, what: str
) -> None:
    if what == "read-only":
        if disk is None:
            return
        disk.make_read_only()
        data, said = disk.path, f"Error: DATA_DIR={disk.path} cannot be written to (Read-only file system)"
    else:
        data = tmp_path / "file"
        said = f"DATA_DIR={data}: is no folder, for {data} is a file: choose another"
        data.write_text("mine")
    deployment = deploy()
    worker = deployment.start_worker("log", DATA_DIR=data)
    assert worker.process.wait(60) == 1
    assert said in worker.tail()
    assert "Traceback" not in worker.tail()
