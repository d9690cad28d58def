import subprocess
import sys
from pathlib import Path

import pytest

from app.engine.datadir import DataDirUnusable
from app.supervisor.own_folder import take_folder

# Takes a folder, becomes another program, and says so.
_HOLDER = """
import os, sys
from pathlib import Path
from app.supervisor.own_folder import take_folder
folder = take_folder(Path(sys.argv[1]))
becomes = "import sys; print(sys.argv[1], flush=True); sys.stdin.read()"
os.execv(sys.executable, [sys.executable, "-c", becomes, str(folder)])
"""


def holder(data_dir: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _HOLDER, str(data_dir)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def folder_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_each_has_its_own_and_a_killed_ones_is_free_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with holder(data) as first, holder(data) as second:
        held = {folder_of(first), folder_of(second)}
        assert held == {str(data / "worker-1"), str(data / "worker-2")}
        second.kill()
        second.wait()
        with holder(data) as third:
            (left,) = held - {folder_of(third)}
            assert str(take_folder(data)) == str(data / "worker-3")
            third.kill()
        first.kill()
    assert left in held


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirUnusable, match=r"DATA_DIR=.*file is no folder"):
        take_folder(tmp_path / "file")
    (tmp_path / "worker-1").write_text("")
    with pytest.raises(DataDirUnusable, match="worker-1 cannot be used"):
        take_folder(tmp_path)
