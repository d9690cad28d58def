"""Which run is answered for, on several workers; and that a signal's inputs, as answered, give its numbers."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from aiokafka.partitioner import murmur2

from app.domain.records import Bar
from tests.integration.command_line import Stocks, stocks
from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker, Deployment
from tests.integration.random_bars import random_bars
from tests.integration.waiting import eventually

__all__ = ["stocks"]

SYMBOLS, MINUTES = 6, 70
DOCS = Path(__file__).parents[2] / "docs" / "read.md"


def partition_of(symbol: str) -> int:
    return int(murmur2(symbol.encode()) & 0x7FFFFFFF) % 2


def asked(worker: DeployedWorker) -> tuple[Any, Any]:
    answer = worker.get("/signals").json()
    return answer.get("run_id"), answer.get("run_reason")


def test_the_live_run_is_the_default_of_every_worker_also_of_one_without_live_bars(deploy: Deploy) -> None:
    deployment = deploy(partitions=2)
    live: list[Bar] = [
        {**bar, "origin": "live"}
        for bar in random_bars(SYMBOLS, MINUTES, seed=1, run_id="live-iex-raw-regular")
        if partition_of(bar["symbol"]) == 0
    ]
    replayed = list(random_bars(SYMBOLS, MINUTES, seed=2, run_id="replay-later"))
    assert {partition_of(bar["symbol"]) for bar in replayed} == {0, 1}
    workers = deployment.start_workers(("first", "second"))
    for bars in (live, replayed):
        deployment.send(bars)
        deployment.settle()
    wanted = ("live-iex-raw-regular", "live")
    eventually(lambda: [asked(each) for each in workers] == [wanted] * 2, 60, lambda: str(list(map(asked, workers))))
    run = wanted[0]
    here, without = sorted(
        workers, key=lambda each: -each.get(f"/signals?scope=local&run={run}").json().get("total", 0)
    )
    assert here.get("/signals?scope=local").json()["total"] == len(live)
    assert without.get(f"/signals?scope=local&run={run}").status_code == 404
    for worker in workers:
        assert worker.get("/signals").json()["total"] == len(live)
        runs = {run["run_id"]: run for run in worker.get("/runs").json()["runs"]}
        assert {run_id: run["bars"] for run_id, run in runs.items()} == {
            "live-iex-raw-regular": len(live),
            "replay-later": len(replayed),
        }
        assert [run["active"] for run in runs.values()].count(True) == 1
        assert runs["live-iex-raw-regular"]["active"]

    # The one with the live bars dies: until the other has them, it does not say that the replay is all there is.
    here.kill()
    seen = set()

    def has_taken_over() -> bool:
        answer = without.get("/signals")
        seen.add((answer.status_code, answer.json().get("run_id")))
        return bool(answer.status_code == 200 and answer.json()["total"] == len(live))

    eventually(has_taken_over, 90, lambda: str(seen))
    assert {run_id for _, run_id in seen} <= {None, "live-iex-raw-regular"}


def lists_are_tables(
    deployment: Deployment, workers: list[DeployedWorker], stocks: Stocks, late: Bar, bars: list[Bar]
) -> None:
    """pandas reads lists by address, and the commands print them, whichever worker has the symbol."""
    symbol = late["symbol"]
    closes = [bar["close"] for bar in sorted(bars, key=lambda bar: bar["timestamp"]) if bar["symbol"] == symbol]
    for worker in workers:
        windows = pd.read_csv(f"{worker.url}/windows/{symbol}?format=csv&limit=1000")
        assert list(windows["close"]) == closes
        signals = pd.read_csv(f"{worker.url}/signals/{symbol}?format=csv&limit=1000")
        assert list(signals["close"]) == closes[::-1]
        shown = stocks(deployment.settings, "signals", symbol, "--limit", "1", "--url", worker.url)
        assert signals["explanation"][0] in shown.stdout
        shown = stocks(deployment.settings, "windows", symbol, "--day", "--url", worker.url)
        assert len(shown.stdout.splitlines()) == len(closes) + 1
        assert f"partition {partition_of(symbol)} is with http://127.0.0.1:" in shown.stderr
        address = f"{worker.url}/signals/{symbol}"
        etag = httpx.get(address, follow_redirects=True, timeout=30).headers["etag"]
        again = httpx.get(address, follow_redirects=True, timeout=30, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")


def test_what_explain_tells_gives_the_numbers_again(deploy: Deploy, stocks: Stocks) -> None:
    deployment = deploy(partitions=2)
    bars = list(random_bars(SYMBOLS, MINUTES, seed=3))
    late = bars.pop(-3 * SYMBOLS)
    workers = deployment.start_workers(("first", "second"))
    for some in (bars, [late]):
        deployment.send(some)
        deployment.settle()
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  # The lines that docs/read.md has for its readers.
    newest = {each["symbol"]: each for each in deployment.signals()}
    for symbol, signal in newest.items():
        for worker in workers:
            done = stocks(deployment.settings, "explain", symbol, "--json", "--url", worker.url)
            assert done.exit_code == 0, done.output
            told = json.loads(done.stdout)
            assert told["signal"]["id"] == signal["id"]
            assert told["signal"]["explanation"] == signal["explanation"]
            computed = names["again"](told)
            assert computed == pytest.approx((signal["sma_fast"], signal["sma_slow"], signal["rsi"]), rel=1e-9)
            assert told["position"]["topic"] == deployment.topics.raw.name
    told = json.loads(stocks(deployment.settings, "explain", late["symbol"], "--json", "--url", workers[0].url).stdout)
    assert (told["revision"]["revision"], told["revision"]["cause"]["kind"]) == (1, "late")
    lists_are_tables(deployment, workers, stocks, late, [*bars, late])
    wrong = stocks(deployment.settings, "explain", "NOPE", "--url", workers[0].url)
    assert wrong.exit_code == 1
    # Of both workers, whichever answers.
    assert "No symbol 'NOPE' in run test: there is S0000, S0001, S0002, S0003, S0004, S0005." in wrong.output
