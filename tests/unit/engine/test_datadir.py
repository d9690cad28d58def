import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rocksdict import Rdict

from app.engine.datadir import DataDirForeign, DataDirInUse, DataDirUnusable, check_usable, claim, drop_old_logs

OWNER = "stock-signals on cluster 5L6g3nShT-eMCtK--X86sw"

CHILD = """
import sys
from pathlib import Path
from app.engine.datadir import claim
from app.engine.errors import OperatorError
try:
    held = claim(Path(sys.argv[1]), sys.argv[2])
except OperatorError as error:
    sys.exit(f"{type(error).__name__}: {error}")
print("claimed", flush=True)
sys.stdin.read()
"""


def claimed_elsewhere(data_dir: Path, owner: str = OWNER) -> "subprocess.Popen[str]":
    """A process that claims the folder and keeps it until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(data_dir), owner],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_another_process_is_refused_until_the_first_ends_even_by_force(tmp_path: Path) -> None:
    with claimed_elsewhere(tmp_path) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "claimed\n"
        with pytest.raises(DataDirInUse, match="its own DATA_DIR and API_PORT") as refused:
            claim(tmp_path, OWNER)
        assert str(tmp_path) in str(refused.value)
        first.kill()
    with claim(tmp_path, OWNER):
        pass


def test_a_claim_keeps_other_processes_out(tmp_path: Path) -> None:
    with claim(tmp_path, OWNER), claimed_elsewhere(tmp_path) as second:
        _, errors = second.communicate("")
    assert second.returncode == 1
    assert errors.startswith("DataDirInUse: ")


def test_the_folder_is_made(tmp_path: Path) -> None:
    with claim(tmp_path / "some" / "where", OWNER):
        assert (tmp_path / "some" / "where").is_dir()


def test_a_folder_of_another_cluster_is_refused_and_names_both(tmp_path: Path) -> None:
    claim(tmp_path, OWNER).close()
    with pytest.raises(DataDirForeign, match="restored from Kafka") as refused:
        claim(tmp_path, "stock-signals on cluster other")
    assert OWNER in str(refused.value)
    assert "stock-signals on cluster other" in str(refused.value)


def test_a_refused_stranger_does_not_keep_the_folder_locked(tmp_path: Path) -> None:
    claim(tmp_path, OWNER).close()
    with pytest.raises(DataDirForeign):
        claim(tmp_path, "stranger")
    claim(tmp_path, OWNER).close()


def test_the_owner_may_come_again(tmp_path: Path) -> None:
    for _ in range(3):
        claim(tmp_path, OWNER).close()
    assert (tmp_path / "owner").read_text() == OWNER


def test_rocksdbs_logs_of_earlier_openings_are_dropped_and_the_values_stay(tmp_path: Path) -> None:
    path = tmp_path / "tables" / "windows-0.db"
    for number in range(3):
        db = Rdict(str(path))
        db[number] = "kept"
        db.close()
    assert list(path.glob("LOG.old.*"))
    drop_old_logs(tmp_path)
    assert not list(path.glob("LOG.old.*"))
    db = Rdict(str(path))
    assert list(db.items()) == [(number, "kept") for number in range(3)]
    db.close()


def test_a_folder_that_can_be_used_is_left_as_it_is(tmp_path: Path) -> None:
    check_usable(tmp_path / "some" / "where")
    check_usable(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["", "tables"])
def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "data").write_text("mine")
    with pytest.raises(DataDirUnusable, match=rf"^DATA_DIR={tmp_path}/data.* is no folder: {tmp_path}/data"):
        check_usable(tmp_path / "data" / below)
    assert (tmp_path / "data").read_text() == "mine"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EROFS, "cannot be written to (Read-only file system): give this user the right to, or choose another"),
        (errno.EACCES, "cannot be written to (Permission denied)"),
        (errno.ENOSPC, "is on a disk that is full: free some room there"),
        (errno.EDQUOT, "is on a disk that is full"),
        (errno.EIO, "cannot be used (Input/output error): choose another"),
    ],
)
def test_what_is_wrong_with_a_disk_is_said_in_a_sentence(tmp_path: Path, number: int, said: str) -> None:
    """By the error's number: root may write to any folder, and a full disk takes a mount (test_full_disk.py)."""

    class Disk(type(tmp_path)):  # type: ignore[misc]
        def write_bytes(self, data: bytes) -> int:
            raise OSError(number, os.strerror(number), str(self))

    with pytest.raises(DataDirUnusable) as caught:
        check_usable(Disk(tmp_path))
    assert str(caught.value).startswith(f"DATA_DIR={tmp_path} {said}")


@pytest.mark.parametrize("below", ["", "tables"])
def test_a_link_that_leads_nowhere_is_no_folder(tmp_path: Path, below: str) -> None:
    (tmp_path / "data").symlink_to(tmp_path / "gone")
    with pytest.raises(DataDirUnusable, match=rf"^DATA_DIR={tmp_path}/data.* is no folder: {tmp_path}/data"):
        claim(tmp_path / "data" / below, "one")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataDirUnusable, match=r"cannot be used \(File name too long\): choose another$"):
        claim(tmp_path / ("long" * 100), "one")
