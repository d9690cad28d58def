import io
import logging
import sysconfig
from pathlib import Path

import pytest

import app
from app.engine.errors import OperatorError
from app.logs.lines import LASTS_SECONDS, LogLine, OursOrWrong, PlainLine

LIBRARY = f"{sysconfig.get_path('purelib')}/faust/worker.py"
OURS = str(Path(str(app.__file__)).parent / "engine" / "app.py")


def record(message: str, *values: object, level: int = logging.INFO, path: str = OURS) -> logging.LogRecord:
    return logging.LogRecord("app.build", level, path, 1, message, values, None)


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_values_of_strangers_are_shown_as_escapes_on_one_line() -> None:
    line = LogLine(None).format(record("Refused: %s", "A\x1b[2J\n[2026-11-29] [1] [INFO] forged"))
    assert line.endswith(r"[INFO] Refused: A\x1b[2J\n[2026-11-29] [1] [INFO] forged")


def test_a_message_of_several_lines_keeps_them_and_nothing_else() -> None:
    line = LogLine(None).format(record("one\ntwo \x9b2J"))
    assert line.endswith("one\ntwo \\x9b2J")


def test_what_an_error_quotes_is_escaped_too() -> None:
    try:
        raise ValueError("\x1b[2J")
    except ValueError as error:
        failed = logging.LogRecord("app", logging.ERROR, OURS, 1, "failed", (), (type(error), error, None))
    assert "\x1b" not in LogLine(None).format(failed)


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colours_are_for_terminals_and_not_with_no_color(
    monkeypatch: pytest.MonkeyPatch, no_color: str, coloured: bool
) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    else:
        monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    warning = record("careful", level=logging.WARNING)
    assert ("\x1b" in LogLine(Tty()).format(warning)) is coloured
    assert "\x1b" not in LogLine(io.StringIO()).format(warning)


def test_libraries_are_heard_only_when_something_is_wrong() -> None:
    calm = OursOrWrong()
    assert not calm.filter(record("Starting...", path=LIBRARY))
    assert calm.filter(record("Heartbeat failed", level=logging.WARNING, path=LIBRARY))
    assert calm.filter(record("Worker ready"))
    assert calm.filter(record("of a rule of one's own", path="/home/me/rule.py"))


def test_what_aiokafka_says_at_each_rebalance_is_logged_only_when_it_lasts() -> None:
    now = [0.0]
    calm = OursOrWrong(lambda: now[0])
    rebalancing = "Heartbeat failed for group %s because it is rebalancing"

    def heard(at: float) -> bool:
        now[0] = at
        return calm.filter(record(rebalancing, "stocks", level=logging.WARNING, path=LIBRARY))

    assert [heard(at) for at in (0.0, 2.0, LASTS_SECONDS - 1)] == [False] * 3
    assert heard(LASTS_SECONDS + 1)
    # The next rebalance.
    assert not heard(10 * LASTS_SECONDS)


def test_the_producers_lines_are_as_safe() -> None:
    assert PlainLine().format(record("Waiting: %s", "\x1b[2J")).endswith("INFO Waiting: \\x1b[2J")


@pytest.mark.parametrize(
    ("error", "shown"), [(OperatorError("give it the right"), False), (None, False), (KeyError("a bug"), True)]
)
def test_an_error_for_the_person_who_runs_it_has_no_traceback(error: Exception | None, shown: bool) -> None:
    crashed = record("Crashed reason=%r", error, level=logging.ERROR)
    crashed.exc_info = (type(error), error, None) if error else (None, None, None)
    assert OursOrWrong().filter(crashed)
    assert ("KeyError: 'a bug'" in LogLine(None).format(crashed)) is shown
    assert "NoneType: None" not in LogLine(None).format(crashed)
