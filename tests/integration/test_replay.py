"""`stocks replay` against a real Kafka and a real registry."""

import datetime
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from app.kafka.topic_admin import ensure_topics
from app.settings import Settings
from app.sources.synthetic import Synthetic
from app.times import iso
from tests.integration.fixtures_stack import LocalStack
from tests.integration.producing import STOCKS, arrived, count, environment, popen

HEADER = "symbol,timestamp,open,high,low,close,volume,trade_count,vwap\n"
COLUMNS = HEADER.strip().split(",")


@pytest.fixture
def settings(stack: LocalStack) -> Settings:
    return Settings(
        kafka_bootstrap=stack.status.kafka,
        schema_registry_url=stack.status.schema_registry,
        topic_prefix=f"t{uuid4().hex[:8]}.",
        partitions=4,
    )


def run(settings: Settings, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(STOCKS), "replay", *arguments],
        env=environment(settings, **env),
        capture_output=True,
        text=True,
        check=False,
    )


def write(path: Path, symbols: tuple[str, ...], bars_each: int) -> list[str]:
    """A file of made-up bars, as real ones would look."""
    source = Synthetic(symbols, datetime.date(2024, 11, 14), bars_each=bars_each)
    lines = []
    for bar in source.bars():
        values = {**bar, "timestamp": iso(bar["timestamp"])}
        lines.append(",".join(str(values[name]) for name in COLUMNS) + "\n")
    path.write_text(HEADER + "".join(lines))
    return lines


def test_every_line_of_a_file_arrives_once_and_in_order_by_symbol(settings: Settings, tmp_path: Path) -> None:
    symbols = ("AAPL", "GOOGL", "SPY", "MSFT")
    lines = write(tmp_path / "bars.csv", symbols, 2_000)
    before_ms = int(time.time() * 1000)
    done = run(settings, str(tmp_path / "bars.csv"))

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Source: csv, ")
    assert "Sent 8,000 bars, all acknowledged" in done.stdout
    records = arrived(settings)
    assert len(records) == len(lines)
    [run_id] = {record.bar["run_id"] for record in records}
    assert f"Run: {run_id}" in done.stdout
    assert f"/signals?run={run_id}" in done.stdout
    for symbol in symbols:
        mine = [record for record in records if record.bar["symbol"] == symbol]
        assert {(record.key, record.partition) for record in mine} == {(symbol.encode(), mine[0].partition)}
        sent = [line.split(",") for line in lines if line.startswith(f"{symbol},")]
        assert [(iso(record.bar["timestamp"]), str(record.bar["close"])) for record in mine] == [
            (fields[1], fields[5]) for fields in sent
        ]
    # Retention must not delete a replay of an old day.
    assert min(record.time_ms for record in records) >= before_ms - 1000


def test_bad_lines_are_named_and_the_others_arrive(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "bars.csv"
    lines = write(file, ("AAPL",), 5)
    lines[1] = lines[1].replace("AAPL", "")
    lines[3] = "what is this\n"
    file.write_text(HEADER + "".join(lines))

    done = run(settings, FILE=str(file))
    assert done.returncode == 1
    assert "Line 3 skipped: symbol is empty" in done.stderr
    assert "Line 5 skipped: it has 1 fields, the first line has 9" in done.stderr
    assert "Sent 3 bars, all acknowledged" in done.stdout
    assert "2 lines skipped" in done.stdout
    assert len(arrived(settings)) == 3


def test_nothing_said_means_a_synthetic_session_that_says_so(settings: Settings) -> None:
    done = run(settings, SPEED="max", SYMBOLS="AAPL,SPY", SEED="3", RUN_ID="mine")
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0]
    assert first.startswith("Source: synthetic, made-up bars and no market data: 780 of AAPL, SPY, 2024-11-14")
    records = arrived(settings)
    assert Counter((r.bar["symbol"], r.bar["origin"], r.bar["run_id"]) for r in records) == {
        ("AAPL", "synthetic", "mine"): 390,
        ("SPY", "synthetic", "mine"): 390,
    }


def test_ctrl_c_says_how_far_it_got(settings: Settings) -> None:
    ensure_topics(settings)
    child = popen(["replay", "--speed", "5", "--symbols", "AAPL"], environment(settings))
    try:
        assert child.stdout
        assert child.stdout.readline().startswith("Source: ")
        assert child.stdout.readline().startswith("Run: ")
        while not count(settings):
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 130
    stopped = re.search(r"Stopped: (\d+) of 390 bars sent, all acknowledged up to AAPL (\S+)\.\n", out)
    assert stopped, (out, err)
    records = arrived(settings)
    assert len(records) == int(stopped[1])
    assert iso(records[-1].bar["timestamp"]) == stopped[2]
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--source", "nasdaq"], "'nasdaq' is not one of 'synthetic', 'csv'"),
        (["--source", "alpaca"], "Which day? For example: make replay SOURCE=alpaca DATE="),
        (["--speed", "fast"], "give max, realtime, or bars a second"),
        (["--date", "2024-11-16"], "the nearest are on 2024-11-15 and 2024-11-18"),
        (["missing.csv"], "missing.csv: No such file"),
        (["--source", "csv"], "Which file?"),
    ],
)
def test_a_users_mistake_is_explained(settings: Settings, arguments: list[str], message: str) -> None:
    done = run(settings, *arguments)
    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_synthetic_bars_are_refused_on_another_machine(settings: Settings) -> None:
    done = run(settings, KAFKA_BOOTSTRAP="127.0.0.1:9092,192.0.2.1:9092")
    assert done.returncode == 1
    assert "'192.0.2.1' is not one" in done.stderr
