"""What `stocks replay` says of its bars, with real workers and without."""

import signal
import subprocess
from pathlib import Path

from app.times import iso
from tests.integration.conftest import Deploy
from tests.integration.deployment import Deployment
from tests.integration.producing import STOCKS, environment, popen

HEADER = "symbol,timestamp,open,high,low,close,volume\n"
OPENING_MS = 1_731_594_600_000


def line(symbol: str, minute: int, close: float = 100.0, volume: int = 10) -> str:
    time = iso(OPENING_MS + minute * 60_000)
    return f"{symbol},{time},{close},{close},{close},{close},{volume}\n"


def replay(deployment: Deployment, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(STOCKS), "replay", str(file), *options]
    return subprocess.run(
        command, env=environment(deployment.settings), capture_output=True, text=True, check=False, timeout=200
    )


def test_two_workers_verdict_on_a_file_that_has_everything(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(partitions=4)
    deployment.start_workers(("one", "two"))
    symbols = ("AAPL", "SPY", "MSFT", "F", "KO")
    lines = [line(symbol, minute, 100 + minute % 7) for minute in range(60) for symbol in symbols if minute != 52]
    (tmp_path / "bars.csv").write_text(HEADER + "".join(lines))
    done = replay(deployment, tmp_path / "bars.csv", "--run-id", "mine")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "Worker: 295 bars accepted (295 new), 0 refused." in done.stdout
    final = {(each["symbol"], each["timestamp"]): each for each in deployment.signals()}
    counted = [sum(each["action"] == action for each in final.values()) for action in ("BUY", "SELL", "HOLD")]
    assert sum(counted) == 295
    assert "Signals: {} BUY, {} SELL, {} HOLD; ".format(*counted) in done.stdout

    # Another file of the same run. Rows that are too late within one file are refused before anything is sent.
    more = [
        line("AAPL", 52, 103.0),  # late
        line("SPY", 59, 200.0),  # corrected
        line("MSFT", 59, 100 + 59 % 7, volume=11),  # corrected, of which no signal is written
        line("F", 59, 100 + 59 % 7),  # duplicate
        *(line("KO", 3, 99.0), line("KO", 4, 99.0)),  # stale
        "KO,yesterday,1,1,1,1,1\n",
    ]
    (tmp_path / "more.csv").write_text(HEADER + "".join(more))
    done = replay(deployment, tmp_path / "more.csv", "--run-id", "mine")
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert "Worker: 4 bars accepted (2 corrected, 1 late, 1 duplicates), 2 refused." in done.stdout
    assert "2 stale, for example KO (partition " in done.stdout
    assert "more than LATE_BARS=10 bars late" in done.stdout

    # The same run again: what the workers have already is known from the raw topic.
    again = replay(deployment, tmp_path / "bars.csv", "--run-id", "mine")
    assert again.returncode == 0, (again.stdout, again.stderr)
    assert "Worker: 295 bars accepted (2 corrected, 293 duplicates), 0 refused." in again.stdout


def test_without_a_worker_it_says_so_and_ctrl_c_while_it_waits_for_one_is_clean(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(partitions=2)
    (tmp_path / "bars.csv").write_text(HEADER + "".join(line("AAPL", minute) for minute in range(5)))
    done = replay(deployment, tmp_path / "bars.csv")
    assert done.returncode == 0
    assert "No worker reads as group" in done.stdout

    child = popen(["replay", str(tmp_path / "bars.csv"), "--wait"], environment(deployment.settings))
    try:
        assert child.stderr
        while "waiting for a worker" not in (said := child.stderr.readline()):
            assert said, child.communicate()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=20)
    finally:
        child.kill()
    assert child.returncode == 130
    assert "Stopped waiting for the worker. All bars are in Kafka" in out
    assert "Traceback" not in err

    worker = deployment.start_worker()
    waited = replay(deployment, tmp_path / "bars.csv", "--wait")
    worker.wait_ready()
    assert waited.returncode == 0, waited.stderr
    assert "Worker: 5 bars accepted (5 new), 0 refused." in waited.stdout
