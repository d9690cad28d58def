import csv
import io
import json

import pytest

from app.cli.windows import bar_columns, notes
from tests.unit.cli.asked import Ask, ask, asked_reader
from tests.unit.web.conftest import OLD, RUN

__all__ = ["ask", "asked_reader"]


def test_a_symbols_bars_oldest_first_and_what_they_come_to(ask: Ask) -> None:
    done = ask("windows", "aapl", "--limit", "2")
    assert done.exit_code == 0
    heading, *rows = done.stdout.splitlines()
    assert " ".join(heading.split()) == "bar (UTC) open high low close volume vwap gap rev origin"
    assert [" ".join(row.split()) for row in rows] == [
        "2024-11-14T15:28:00Z 108.60 109.10 108.10 108.60 100 - - 0 replay",
        "2024-11-14T15:29:00Z 107.10 107.60 106.60 107.10 100 - 0 0 replay",
    ]
    assert done.stderr.splitlines() == [
        f"AAPL in run {RUN} (newest replay: no live run)",
        (
            "2 bars, 2024-11-14T15:28:00Z to 2024-11-14T15:29:00Z: "
            "open 108.60, high 109.10, low 106.60, close 107.10, volume 200"
        ),
        "SMA fast 113.09, SMA slow 109.71, RSI 26.82, as of 2024-11-14T15:29:00Z",
        "read up to stocks.raw.avro[0]@11; partition 0 is with http://here:8001",
    ]


def test_a_day_is_the_session_of_the_newest_bar(ask: Ask) -> None:
    done = ask("windows", "AAPL", "--day")
    assert len(done.stdout.splitlines()) == 61
    assert "60 bars, 2024-11-14T14:30:00Z to 2024-11-14T15:29:00Z: open " in done.stderr
    assert len(ask("windows", "OLD", "--run", OLD, "--day").stdout.splitlines()) == 61


@pytest.mark.parametrize(("since", "rows"), [("10m", 10), ("1h", 60), ("2d", 60), ("2024-11-14T15:28:00Z", 2)])
def test_since_a_time_or_so_long_before_the_replays_end(ask: Ask, since: str, rows: int) -> None:
    assert len(ask("windows", "AAPL", "--since", since).stdout.splitlines()) == rows + 1


def test_no_bar_since_then_is_no_error(ask: Ask) -> None:
    done = ask("windows", "AAPL", "--since", "2024-11-15T00:00:00Z")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "No bar since then." in done.stderr


def test_json_and_csv(ask: Ask) -> None:
    told = json.loads(ask("windows", "AAPL", "--day", "--json").stdout)
    assert (told["symbol"], len(told["bars"])) == ("AAPL", 60)
    table = list(csv.DictReader(io.StringIO(ask("windows", "AAPL", "--day", "--csv").stdout)))
    assert [float(row["close"]) for row in table] == [bar["close"] for bar in told["bars"]]


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("NOPE",), 1, "No symbol 'NOPE'"),
        (("AAPL", "--json", "--csv"), 2, "do not go together"),
        (("AAPL", "--day", "--since", "1h"), 2, "do not go together"),
        ((), 2, "Missing argument 'SYMBOL'"),
    ],
)
def test_what_is_wrong_is_said(ask: Ask, arguments: tuple[str, ...], status: int, sentence: str) -> None:
    done = ask("windows", *arguments)
    assert (done.exit_code, done.stdout) == (status, "")
    assert sentence in done.stderr


def test_what_is_not_known_is_a_dash_or_a_word() -> None:
    told = {
        "symbol": "X",
        "run_id": "r",
        "run_reason": "live",
        "synthetic": True,
        "bars": [],
        "indicators": {"timestamp": "2024-11-14T14:30:00Z", "sma_fast": None, "sma_slow": None, "rsi": None},
        "position": {"topic": "raw", "partition": 1, "offset": 5},
    }
    assert list(notes(told, [])) == [
        "X in run r (live)",
        "SYNTHETIC: made up by this project, not market data.",
        "No bar since then.",
        "SMA fast not yet, SMA slow not yet, RSI not yet, as of 2024-11-14T14:30:00Z",
        "read up to raw[1]@5; partition 1 is with no worker that is known",
    ]
    (_, _, _, _, _, _, vwap, gap, *_) = bar_columns()
    assert (vwap.cell({"vwap": None}), gap.cell({"gap_minutes": None})) == ("-", "-")
