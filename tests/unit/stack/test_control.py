"""Starting and stopping where the folder is of no use; the stack itself is in tests/integration/test_stack.py."""

import errno
import os
from pathlib import Path

import pytest

from app.stack import control
from app.stack.errors import StackError


def test_a_full_disk_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A write that fails says no name of its own."""

    def full(stack_dir: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(control, "find", full)
    with pytest.raises(StackError, match=f"^No space left on device: {tmp_path}\n"):
        control.stop(tmp_path)
