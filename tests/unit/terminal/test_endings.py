import os
import signal
import subprocess
import sys
import time

import pytest

from app.terminal.endings import INTERRUPTED, TWICE_SECONDS, Stopping, interruptible

TWICE = f"""
import os, signal, time
from app.terminal.endings import Stopping
with Stopping(lambda: print("asked", flush=True), lambda: "3 of 5 bars sent") as stopping:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep({2 * TWICE_SECONDS})
    os.kill(os.getpid(), signal.SIGINT)
    print("never")
"""


ENDED = """
import sys, threading
from app.terminal.endings import interruptible
with interruptible():
    pass
[watching] = [each for each in threading.enumerate() if each.name == "hangup"]
print("ended", flush=True)
sys.stdin.read()
watching.join(10)
"""


def test_a_reader_that_goes_after_the_command_has_ended_kills_nobody() -> None:
    command = [sys.executable, "-c", ENDED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as child:
        assert child.stdin
        assert child.stdout
        assert child.stdout.readline() == b"ended\n"
        child.stdout.close()
        child.stdin.close()
        assert child.wait(20) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_each_of_them_interrupts_a_command(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), interruptible():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_one_asks_and_raises_nothing(number: signal.Signals) -> None:
    asked: list[str] = []
    before = signal.getsignal(number)
    with Stopping(lambda: asked.append("stop"), lambda: "", clock=lambda: 5.0) as stopping:
        assert not stopping.asked
        os.kill(os.getpid(), number)
        # At once a second time, as `timeout` does; by a clock that stands still, for a busy machine takes a break here.
        os.kill(os.getpid(), number)
    assert (asked, stopping.asked) == (["stop"], True)
    assert signal.getsignal(number) is before


def test_a_terminal_that_is_closed_after_that_hurries_nobody() -> None:
    with Stopping(lambda: None, lambda: "") as stopping:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(2 * TWICE_SECONDS)
        os.kill(os.getpid(), signal.SIGHUP)
    assert stopping.asked


def test_the_second_ends_at_once_and_says_what_that_leaves() -> None:
    ended = subprocess.run([sys.executable, "-c", TWICE], capture_output=True, text=True, check=False, timeout=30)
    assert (ended.returncode, ended.stdout, ended.stderr) == (INTERRUPTED, "asked\n", "\n3 of 5 bars sent\n")
