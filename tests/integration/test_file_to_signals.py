"""A file of bars, replayed by the command, and every signal it gives, held against TA-Lib."""

import gzip
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import talib

from app.calendar.sessions import sessions
from app.domain.records import MINUTE_MS
from app.times import iso
from tests.bars import make_bar
from tests.harness.oracle import differences, final_signals
from tests.integration.conftest import Deploy
from tests.integration.deployment import final
from tests.integration.producing import STOCKS, environment

SESSIONS = 8


def history(seed: int) -> list[dict[str, object]]:
    """Bars of three symbols over several sessions, as real ones are: missing minutes, early and late trading, jumps."""
    random = np.random.default_rng(seed)
    calendar = sessions()
    first = calendar.opens.index(1_731_594_600_000 // MINUTE_MS)
    rows: list[dict[str, object]] = []
    for symbol, close in (("AAPL", 228.0), ("F", 11.1), ("BRK/B", 468.5)):
        for day in range(first, first + SESSIONS):
            close = round(close * float(1 + random.normal(0, 0.01)), 2)
            for minute in range(calendar.opens[day] - 60, calendar.closes[day] + 60):
                regular = calendar.opens[day] <= minute < calendar.closes[day]
                if random.random() > (0.98 if regular else 0.3):
                    continue
                before, close = close, max(0.01, round(close * float(1 + random.normal(0, 0.0008)), 2))
                rows.append(
                    {
                        "symbol": symbol,
                        "timestamp": minute * MINUTE_MS,
                        "open": before,
                        "high": max(before, close),
                        "low": min(before, close),
                        "close": close,
                        "volume": float(random.integers(1, 10_000)),
                    }
                )
    return sorted(rows, key=lambda row: (row["timestamp"], row["symbol"]))


@pytest.mark.parametrize("written", ["iso.csv", "epoch.csv.gz"])
def test_every_signal_of_a_file_is_right(deploy: Deploy, tmp_path: Path, written: str) -> None:
    deployment = deploy()
    rows = history(seed=len(written))
    path = tmp_path / written
    lines = ["symbol,timestamp,open,high,low,close,volume\n"]
    for row in rows:
        time = iso(int(str(row["timestamp"]))) if written.startswith("iso") else row["timestamp"]
        lines.append(",".join(str(value) for value in (row | {"timestamp": time}).values()) + "\n")
    lines.insert(100, "AAPL,yesterday,1,1,1,1,1\n")
    content = "".join(lines).encode()
    path.write_bytes(gzip.compress(content) if written.endswith("gz") else content)

    worker = deployment.start_worker()
    command = [str(STOCKS), "replay", "--wait", str(path)]
    replay = subprocess.run(command, env=environment(deployment.settings), capture_output=True, text=True, check=False)
    assert replay.returncode == 1  # For the line that is no bar.
    assert "Line 101 skipped" in replay.stderr
    assert f"Worker: {len(rows):,} bars accepted ({len(rows):,} new), 0 refused." in replay.stdout
    found = re.search(r"replay-[\w.-]+", replay.stdout)
    assert found is not None
    run_id = found[0].rstrip(".")
    worker.wait_ready()
    deployment.settle()

    signals = final(deployment.signals())
    bars = [
        make_bar(0, 1.0, **row, run_id=run_id, source=f"csv:{written}", trade_count=None, vwap=None) for row in rows
    ]
    assert differences(final_signals(bars, deployment.settings.strategy), signals) == []

    closes = defaultdict(list)
    for row in rows:
        closes[row["symbol"]].append(row["close"])
    rsi = {symbol: talib.RSI(np.array(values, dtype=float), 14) for symbol, values in closes.items()}
    slow = {symbol: talib.SMA(np.array(values, dtype=float), 50) for symbol, values in closes.items()}
    for signal in signals:
        index = signal["bars_seen"] - 1
        if signal["rsi"] is not None:
            assert signal["rsi"] == pytest.approx(rsi[signal["symbol"]][index], rel=1e-9)
        if signal["sma_slow"] is not None:
            assert signal["sma_slow"] == pytest.approx(slow[signal["symbol"]][index], rel=1e-9)
    assert {signal["action"] for signal in signals} == {"BUY", "SELL", "HOLD"}
    for symbol in closes:
        shown = worker.get(f"/signals/{symbol}?limit=50&run={run_id}").json()["signals"]
        ours = sorted((each for each in signals if each["symbol"] == symbol), key=lambda each: each["timestamp"])[-50:]
        assert [each["id"] for each in shown] == [each["id"] for each in reversed(ours)]
