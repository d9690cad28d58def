"""Importing is no work: an import of a module brings no connection, no process and no settings with it.

Nor does a worker's bring what only few ask for.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit import imports_watched

ROOT = Path(__file__).parents[2]


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A new Python with the project on its path, in a folder with settings and a stack of a user's."""
    (folder / ".env").write_text("PARTITIONS=no number\n")
    (folder / ".stack").mkdir()
    (folder / ".stack" / "stack.json").write_text("{}")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_no_module_connects_starts_a_process_or_reads_the_users_files_when_it_is_imported(tmp_path: Path) -> None:
    done = run(tmp_path, "-m", imports_watched.__name__)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


@pytest.mark.parametrize(
    "violation",
    [
        "import socket; socket.socket().connect(('127.0.0.1', 1))",
        "import socket; socket.socket().bind(('127.0.0.1', 0))",
        "import socket; socket.getaddrinfo('localhost', 1)",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import os; os.execv('/bin/true', ['true'])",
        "from pathlib import Path; Path('.env').read_text()",
        "from pathlib import Path; Path('.stack/stack.json').read_text()",
        "import os; os.listdir('.stack')",
        "open('/proc/1/cmdline')",
    ],
)
def test_the_watch_ends_a_process_that_does(tmp_path: Path, violation: str) -> None:
    watched = f"import sys; from tests.unit.imports_watched import watch; sys.addaudithook(watch); {violation}"
    done = run(tmp_path, "-c", f"{watched}; print('unseen')")
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
