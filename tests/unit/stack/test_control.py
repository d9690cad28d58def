"""Starting and stopping where the folder is of no use; the stack itself is in tests/integration/test_stack.py."""

from pathlib import Path

import pytest

from app.stack import control
from app.stack.errors import StackError
from app.stack.progress import Silent


def test_a_full_disk_names_the_folder(tmp_path: Path) -> None:
    """A write that fails says no name of its own."""
    with (
        pytest.raises(StackError, match=f"^No space left on device: {tmp_path}\n"),
        control._alone(tmp_path, Silent()),
    ):
        Path("/dev/full").write_text("more")


def test_a_folder_of_no_use_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(StackError, match=f"^Is a directory: {tmp_path}/lock\nCheck the space there and who may write"):
        control.stop(tmp_path)
