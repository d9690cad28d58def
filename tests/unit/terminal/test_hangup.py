import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable

import pytest

WATCHES = """
import signal, sys
from app.terminal import hangup
{before}
hangup.watch(readers={readers})
sys.stderr.write("watching")
sys.stderr.flush()
signal.pause()
"""


def watching(readers: bool, stdout: int, stderr: int, before: str = "") -> subprocess.Popen[bytes]:
    script = WATCHES.format(readers=readers, before=before)
    return subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True
    )


def test_a_terminal_that_is_closed_is_a_hangup_also_for_who_is_not_told() -> None:
    master, slave = pty.openpty()
    termios.tcgetattr(slave)
    with watching(False, slave, slave) as child:
        os.close(slave)
        assert os.read(master, 100) == b"watching"
        os.close(master)
        assert child.wait(20) == -signal.SIGHUP


@pytest.mark.parametrize(("readers", "end"), [(True, lambda child: None), (False, subprocess.Popen.terminate)])
def test_a_reader_that_has_gone_is_one_only_for_who_wants_to_know(
    readers: bool, end: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    reader, writer = os.pipe()
    with watching(readers, writer, subprocess.PIPE) as child:
        os.close(writer)
        assert child.stderr
        assert child.stderr.read(8) == b"watching"
        os.close(reader)
        end(child)
        assert child.wait(20) == (-signal.SIGHUP if readers else -signal.SIGTERM)


def test_nohup_is_respected() -> None:
    master, slave = pty.openpty()
    before = "signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    with watching(False, slave, slave, before) as child:
        os.close(slave)
        assert os.read(master, 100) == b"watching"
        os.close(master)
        child.terminate()
        assert child.wait(20) == -signal.SIGTERM
