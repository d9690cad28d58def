import signal
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

from app.stack.exclusive import exclusive
from tests.integration.waiting import eventually
from tests.unit.stack.conftest import Heard

HOLDER = """
import sys
from pathlib import Path
from app.stack.exclusive import exclusive
from app.stack.progress import Silent
with exclusive(Path(sys.argv[1]), Silent(), ""):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_waits_and_says_so_until_the_first_is_killed(tmp_path: Path, heard: Heard) -> None:
    file = tmp_path / "new" / "lock"
    command = [sys.executable, "-c", HOLDER, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        entered = Event()

        def enter() -> None:
            with exclusive(file, heard, "Waiting for the other"):
                entered.set()

        second = Thread(target=enter)
        second.start()
        eventually(lambda: heard.lines, 20)
        assert not entered.wait(0.2)
        assert heard.lines == ["Waiting for the other"]
        holder.send_signal(signal.SIGKILL)
        assert entered.wait(10)
        second.join()
