"""A worker that other machines reach: it wants a token to start, and of those who ask, other workers included."""

from typing import Any

import httpx

from tests.integration.command_line import Stocks, stocks
from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker
from tests.integration.random_bars import random_bars
from tests.integration.waiting import eventually

__all__ = ["stocks"]

TOKEN = "correct-horse-battery-staple"  # noqa: S105
EVERYWHERE = "0.0.0.0"  # noqa: S104
SYMBOLS = [f"S{number:04d}" for number in range(10)]


def ask(worker: DeployedWorker, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{worker.url}{path}", headers=headers, timeout=10, trust_env=False)


def test_off_loopback_a_worker_asks_for_its_token(deploy: Deploy, stocks: Stocks) -> None:
    deployment = deploy(partitions=2, api_host=EVERYWHERE, api_token=TOKEN)
    deployment.send(random_bars(symbols=len(SYMBOLS), minutes=3, seed=4))
    refused = deployment.start_worker("refused", API_TOKEN="")
    first = deployment.start_worker("first").wait_ready()
    # With the same token, and an address that the first one reaches on any machine.
    second = deployment.start_worker("second", API_HOST="127.0.0.1").wait_ready()

    assert refused.process.wait(60) != 0
    said = refused.tail()
    assert f"Error: API_HOST={EVERYWHERE} can be reached from other machines: set API_TOKEN" in said
    assert "or API_OPEN=true" in said

    deployment.settle()
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/signals", "/metrics", "/stream", "/docs", "/openapi.json", "/"):
        assert ask(first, path).status_code == 401, path
    assert ask(first, "/health").status_code == 200
    # Not at once: the second one has just joined.
    eventually(lambda: ask(first, "/ready").status_code == 200, 30, lambda: ask(first, "/ready").text)
    assert ask(first, "/metrics", **bearer).status_code == 200
    assert ask(second, "/signals").status_code == 401
    assert ask(second, "/health", Host="evil.example").status_code == 421

    # What the second one has the first one asks for, with the token.
    eventually(lambda: answered(first, bearer) == SYMBOLS, 60, lambda: str(answered(first, bearer)))
    runs: dict[str, Any] = {}

    def all_runs() -> bool:
        runs.update(ask(first, "/runs", **bearer).json())
        return runs.get("complete") is True

    # On a busy machine the second one may answer too late for it.
    eventually(all_runs, 60, lambda: str(runs))
    assert runs["runs"][0]["symbols"] == len(SYMBOLS)

    ours = deployment.settings.model_copy(update={"api_port": int(first.url.rpartition(":")[2])})
    for symbol in SYMBOLS[:4]:
        explained = stocks(ours, "explain", symbol, "--url", first.url)
        assert explained.exit_code == 0, explained.output
        assert symbol in explained.output
    examined = stocks(ours, "doctor")
    assert "✓ access" in examined.output
    assert "✓ worker" in examined.output

    assert TOKEN not in examined.output
    assert TOKEN not in "".join(each.log.read_text(errors="replace") for each in deployment.workers)
    assert TOKEN not in ask(first, "/worker", **bearer).text


def answered(worker: DeployedWorker, bearer: dict[str, str]) -> list[str]:
    """The symbols that it answers for, no matter which worker has them."""
    answers = {name: ask(worker, f"/signals/{name}", **bearer) for name in SYMBOLS}
    return [name for name, answer in answers.items() if answer.status_code == 200]
