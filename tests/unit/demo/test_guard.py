import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from app.demo.guard import DemoGuard


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, as the demo's are."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    yield process
    process.kill()
    process.communicate()


def test_what_a_killed_demo_leaves_is_stopped(child: subprocess.Popen[bytes]) -> None:
    demo = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import sys\nfrom app.demo.guard import DemoGuard\nguard = DemoGuard()\nguard.child(int(sys.argv[1]))\n"
                "print('guarded', flush=True)\ninput()"
            ),
            str(child.pid),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert demo.stdout is not None
    assert demo.stdout.readline() == b"guarded\n"
    demo.kill()
    demo.communicate()
    assert child.wait(20) != 0


def test_an_orderly_end_stops_nothing(child: subprocess.Popen[bytes]) -> None:
    guard = DemoGuard()
    guard.child(child.pid)
    started = time.monotonic()
    guard.done()
    assert child.poll() is None
    assert time.monotonic() - started < 20
