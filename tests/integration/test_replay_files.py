"""`stocks replay` of files as they come, against a real Kafka and a real registry."""

import gzip
import os
import subprocess
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from app.settings import Settings
from tests.integration.fixtures_stack import LocalStack
from tests.integration.producing import STOCKS, arrived, environment
from tests.unit.sources.files import written
from tests.unit.sources.files.written import made, write


@pytest.fixture
def settings(stack: LocalStack) -> Settings:
    return Settings(
        kafka_bootstrap=stack.status.kafka,
        schema_registry_url=stack.status.schema_registry,
        topic_prefix=f"t{uuid4().hex[:8]}.",
        partitions=4,
    )


def run(settings: Settings, *arguments: str, piped: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
    command = [str(STOCKS), "replay", *arguments]
    return subprocess.run(command, env=environment(settings), input=piped, capture_output=True, check=False)


def test_files_of_several_forms_are_one_run(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path / "a.csv", written.german(made("AAPL", 20)).encode("utf-16"))
    write(tmp_path / "b.parquet", written.parquet(made("MSFT", 20)))
    write(tmp_path / "SPY_1min.txt.gz", gzip.compress(written.firstrate(made("SPY", 20)).encode()))
    done = run(settings, str(tmp_path / "*"))
    assert done.returncode == 0, done.stderr
    assert b"Sent 60 bars, all acknowledged" in done.stdout
    bars = [record.bar for record in arrived(settings)]
    assert Counter(bar["source"] for bar in bars) == {
        "csv:a.csv": 20,
        "parquet:b.parquet": 20,
        "firstrate:SPY_1min.txt.gz": 20,
    }
    assert len({bar["run_id"] for bar in bars}) == 1
    for symbol in ("AAPL", "MSFT", "SPY"):
        found = [(bar["timestamp"], bar["close"]) for bar in bars if bar["symbol"] == symbol]
        assert found == [(row.timestamp, row.close) for row in made(symbol, 20)]


def test_standard_input(settings: Settings) -> None:
    done = run(settings, "-", piped=gzip.compress(written.own(made(count=20)).encode()))
    assert done.returncode == 0, done.stderr
    assert len(arrived(settings)) == 20


def test_what_would_be_stale_is_not_sent_unless_it_is_sorted(settings: Settings, tmp_path: Path) -> None:
    path = str(write(tmp_path / "a.csv", written.own(made(count=30)[::-1])))
    refused = run(settings, path)
    assert refused.returncode == 1
    assert b"19 of 30 rows come after more than 10 newer ones" in refused.stderr
    assert run(settings, path, "--sort").returncode == 0
    times = [record.bar["timestamp"] for record in arrived(settings)]
    assert times == [row.timestamp for row in made(count=30)]


def test_check_needs_no_broker(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", written.own(made()) + "oops\n")
    nobody = {**os.environ, "KAFKA_BOOTSTRAP": "127.0.0.1:1", "SCHEMA_REGISTRY_URL": "http://127.0.0.1:1"}
    done = subprocess.run(
        [str(STOCKS), "replay", str(path), "--check"], env=nobody, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "refused   1 of 6 rows" in done.stdout
    assert done.stderr == ""
