import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

_PROGRAM = """
import logging, sys
from app.logs.producer import set_up
from app.settings import Settings
voice = set_up(Settings(_env_file=None, log_format=sys.argv[1]))
voice.say("Source: \\x1b[2J.")
voice.warn("Line 4 skipped")
logging.getLogger("app").error("Waiting: %s", "no broker")
logging.getLogger("httpx").info("GET /")
"""


def said(log_format: str) -> "subprocess.CompletedProcess[str]":
    """What a process says; the log of this one is pytest's."""
    command = [sys.executable, "-c", _PROGRAM, log_format]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)


def test_people_read_what_it_is_on_stdout_and_the_log_on_stderr() -> None:
    done = said("text")
    assert done.stdout == "Source: \\x1b[2J.\n"
    warned, logged = done.stderr.splitlines()
    assert warned == "Line 4 skipped"
    assert logged.endswith(" ERROR Waiting: no broker")


def test_programs_read_events_and_nothing_else() -> None:
    done = said("json")
    assert done.stdout == ""
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(each["level"], each["message"]) for each in events] == [
        ("INFO", "Source: \x1b[2J."),
        ("WARNING", "Line 4 skipped"),
        ("ERROR", "Waiting: no broker"),
    ]
