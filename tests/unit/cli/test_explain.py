"""`stocks explain`: from which numbers a signal follows."""

import json

import pytest

from tests.unit.cli.asked import Ask, ask, asked_reader
from tests.unit.web.conftest import RUN
from tests.unit.web.fake import FakeReader

__all__ = ["ask", "asked_reader"]


def test_a_signal_can_be_computed_again_by_hand(ask: Ask, asked_reader: FakeReader) -> None:
    result = ask("explain", "AAPL")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    row = asked_reader.series[1].rows[-1]
    assert lines[0].startswith(f"AAPL  2024-11-14T15:29:00Z  {row.action}: ")
    assert lines[1].startswith(f"  run        {RUN} (newest replay")
    assert lines[1].endswith("origin replay, source test")
    closes = [float(line.split()[1]) for line in lines if line.startswith("             2024-")]
    assert sum(closes[:20]) / 20 == pytest.approx(row.sma_fast)
    assert sum(closes[20:]) / 50 == pytest.approx(row.sma_slow)
    assert f"  SMA fast   {row.sma_fast!r}: the sum of 20 closes / 20" in lines
    assert f"  RSI        {row.rsi!r}: 100 x gain / (gain + loss)" in lines
    gain = next(line for line in lines if line.startswith("    gain"))
    said, formula = gain.removeprefix("    gain     ").split(" = ")
    assert eval(formula.replace("x", "*")) == pytest.approx(float(said))  # noqa: S307 - the sum that it shows
    assert lines[-1].startswith("  read       up to stocks.raw.avro[0]@11")


def test_of_an_earlier_bar_and_before_there_are_enough(ask: Ask) -> None:
    result = ask("explain", "GOOGL", "--at", "2024-11-14T14:35:00Z")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("GOOGL  2024-11-14T14:35:00Z  HOLD: ")
    assert "  SMA fast   none: 6 of 20 closes" in result.stdout.splitlines()
    assert "  RSI        none yet" in result.stdout.splitlines()


def test_as_json_it_is_the_workers_answer(ask: Ask) -> None:
    told = json.loads(ask("explain", "aapl", "--json", "--run", RUN).stdout)
    assert (told["symbol"], told["run_id"], told["run_reason"]) == ("AAPL", RUN, "asked for")


def test_what_is_not_there_is_said_as_the_worker_says_it(ask: Ask) -> None:
    unknown = ask("explain", "NONE")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "NONE" in unknown.stderr
    at = ask("explain", "AAPL", "--at", "2020-01-01T00:00:00Z")
    assert at.exit_code == 1
    assert "2020-01-01T00:00:00Z" in at.stderr
