import os
import sys
from pathlib import Path

import psutil
import pytest

from app.demo.children import ChildDied, ChildProcess, stop

SLEEPS = "import signal; signal.pause()"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
PARENT = (
    f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPS!r}]); print('up', flush=True); {SLEEPS}"
)


def python(code: str, log: Path) -> ChildProcess:
    return ChildProcess("worker", [sys.executable, "-c", code], os.environ, log)


def until_logged(child: ChildProcess, text: str) -> None:
    while text not in child.log.read_text():
        child.check()


def test_one_that_lives_is_fine_and_ends_when_told(tmp_path: Path) -> None:
    child = python(SLEEPS, tmp_path / "logs" / "worker.log")
    child.check()
    stop([child])
    assert child.process.returncode is not None


def test_one_that_died_is_reported_with_the_end_of_its_own_log(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_text("of an earlier run\n")
    child = python("print('no partitions left'); raise SystemExit(3)", log)
    child.process.wait()
    with pytest.raises(ChildDied, match=r"The worker has ended with status 3(.|\n)*no partitions left") as caught:
        child.check()
    assert "earlier run" not in str(caught.value)


def test_one_that_was_killed_is_reported_with_the_signal(tmp_path: Path) -> None:
    child = python(SLEEPS, tmp_path / "worker.log")
    child.process.kill()
    child.process.wait()
    with pytest.raises(ChildDied, match=r"ended by SIGKILL(.|\n)*\(nothing\)"):
        child.check()


def test_one_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    child = python(DEAF, tmp_path / "worker.log")
    until_logged(child, "deaf")
    stop([child], grace_s=0.1)
    assert child.process.returncode == -9


def test_what_it_has_started_goes_with_it(tmp_path: Path) -> None:
    child = python(PARENT, tmp_path / "worker.log")
    until_logged(child, "up")
    [grandchild] = psutil.Process(child.process.pid).children()
    stop([child])
    grandchild.wait(10)
