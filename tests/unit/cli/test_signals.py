import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.signals import notes
from tests.unit.cli.asked import Ask, ask, asked_reader
from tests.unit.web.conftest import OLD, RUN
from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import pullback, series

__all__ = ["ask", "asked_reader"]


def test_the_newest_of_all_symbols_as_a_table(ask: Ask) -> None:
    done = ask("signals", "--limit", "3")
    assert done.exit_code == 0
    heading, *rows = done.stdout.splitlines()
    assert heading.split() == ["bar", "(UTC)", "symbol", "action", "close", "origin", "why"]
    assert [row.split()[:2] for row in rows] == [
        ["2024-11-14T15:29:00Z", "AAPL"],
        ["2024-11-14T15:29:00Z", "SPY"],
        ["2024-11-14T15:28:00Z", "AAPL"],
    ]
    assert done.stderr == f"3 of 132 that match, in run {RUN} (newest replay: no live run).\n"


def test_what_turned_to_buy_in_the_last_hour_of_a_replay(ask: Ask) -> None:
    done = ask("signals", "--action", "BUY", "--transitions", "--since", "1h")
    (_, row) = done.stdout.splitlines()
    assert row.split()[:3] == ["2024-11-14T15:29:00Z", "AAPL", "HOLD→BUY"]
    assert "RSI 26.8 < 30 while SMA-20 113.09 > SMA-50 109.71" in row
    # The replay's last bar ends at 15:30.
    assert "1 of 1 that match since 2024-11-14T14:30:00Z, in run" in done.stderr


def test_the_last_hour_of_a_live_run_ends_now(ask: Ask, asked_reader: FakeReader) -> None:
    live = series("live-iex", "AAPL", pullback(), origin="live")
    asked_reader.series.append(live)
    try:
        done = ask("signals", "--action", "BUY", "--since", "1h")
        assert done.stdout == ""
        assert "No signal matches since 20" in done.stderr
        assert "in run live-iex (live)." in done.stderr
        assert ask("signals", "--action", "BUY", "--since", "1h", "--run", RUN).stdout.count("\n") == 2
    finally:
        asked_reader.series.remove(live)


def test_one_symbols_latest_signal(ask: Ask) -> None:
    done = ask("signals", "aapl", "--limit", "1")
    assert done.stdout.splitlines()[1].split()[:2] == ["2024-11-14T15:29:00Z", "AAPL"]


def test_the_latest_of_each(ask: Ask) -> None:
    rows = ask("signals", "--latest").stdout.splitlines()[1:]
    assert [row.split()[1] for row in rows] == ["AAPL", "GOOGL", "SPY"]


def test_what_is_made_up_says_so(ask: Ask) -> None:
    done = ask("signals", "--run", OLD, "--until", "2024-11-13T14:32:00Z")
    assert done.stdout.count("SYNTHETIC") == 2
    assert "SYNTHETIC: made up by this project, not market data." in done.stderr


def test_json_is_the_answer_as_it_came(ask: Ask) -> None:
    told = json.loads(ask("signals", "SPY", "--limit", "2", "--json").stdout)
    assert (told["run_id"], told["total"], len(told["signals"])) == (RUN, 60, 2)


def test_csv_is_a_table_with_the_lines_of_a_shell(ask: Ask) -> None:
    done = ask("signals", "--since", "2024-11-14T15:28:00Z", "--csv")
    assert "\r" not in done.stdout
    assert [(row["symbol"], row["timestamp"]) for row in csv.DictReader(io.StringIO(done.stdout))][-1] == (
        "SPY",
        "2024-11-14T15:28:00Z",
    )
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("NOPE",), 1, f"No symbol 'NOPE' in run {RUN}: there is AAPL, GOOGL, SPY."),
        (("--action", "BYE"), 1, "action=BYE: it should be HOLD, BUY or SELL."),
        (("--since", "soon"), 1, "since=soon: it should be a time such as 2024-11-14T14:30:00Z."),
        (("--limit", "1001"), 1, "limit=1001: it should be 1000 or less."),
        (("--run", "none", "--since", "1h"), 1, "No run 'none' here"),
        (("--json", "--csv"), 2, "do not go together"),
        (("AAPL", "--latest"), 2, "--limit 1 gives the newest"),
    ],
)
def test_what_is_wrong_is_said(ask: Ask, arguments: tuple[str, ...], status: int, sentence: str) -> None:
    done = ask("signals", *arguments)
    assert (done.exit_code, done.stdout) == (status, "")
    assert sentence in done.stderr


def test_what_a_list_leaves_out_is_said() -> None:
    told = {
        "run_id": "r\x1b",
        "run_reason": "live",
        "synthetic": False,
        "total": 0,
        "signals": [],
        "complete": False,
        "partitions": [
            {"partition": 2, "status": "active"},
            {"partition": 3, "status": "unassigned"},
            {"partition": 5, "status": "unreachable"},
        ],
    }
    assert list(notes(told, None)) == [
        "No signal matches, in run r\x1b (live).",
        "INCOMPLETE: partition 3 is unassigned, 5 is unreachable.",
    ]
    assert list(notes({**told, "run_id": None}, None)) == [
        "There is no run yet: start a producer, for example with `make replay`."
    ]


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colours_on_a_terminal_unless_not_wanted(ask: Ask, no_color: str, coloured: bool) -> None:
    stocks = Path(sys.executable).parent / "stocks"
    ours, theirs = pty.openpty()
    environment = {**os.environ, "NO_COLOR": no_color, "TERM": "xterm-256color"}
    command = [str(stocks), "signals", "AAPL", "--limit", "1", "--url", ask.url]
    subprocess.run(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment, check=True, timeout=60)
    os.close(theirs)
    said = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "BUY" in said
    assert ("\x1b[" in said) is coloured
