"""Three workers answer as one, while one of them is slow, paused, killed, and restores its tables somewhere else."""

import signal
import threading
import time
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import httpx

from app.domain.records import Bar
from app.times import from_iso
from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker, Deployment
from tests.integration.random_bars import random_bars
from tests.integration.waiting import eventually

PARTITIONS, SYMBOLS, MINUTES = 6, 24, 60
RUN = "test"
#: Bars that are sent while a list is read.
LATER = 2


class Expected:
    """The signals as the topic has them, newest bar first, ties by symbol."""

    def __init__(self, deployment: Deployment) -> None:
        found = sorted(deployment.signals(), key=lambda signal: (-signal["timestamp"], signal["symbol"]))
        self.ids = [signal["id"] for signal in found]
        newest = {signal["symbol"]: signal["id"] for signal in reversed(found)}
        self.latest = [newest[symbol] for symbol in sorted(newest)]
        self.symbols = sorted(newest)


def get(worker: DeployedWorker, path: str, **query: Any) -> httpx.Response:
    return worker.get(str(httpx.URL(path, params={"run": RUN, **query})))


def statuses(answer: dict[str, Any]) -> dict[str | None, set[str]]:
    """How the partitions are, by their owner; of a worker that refuses, nothing."""
    found: dict[str | None, set[str]] = {}
    for each in answer.get("partitions", ()):
        found.setdefault(each["owner"], set()).add(each["status"])
    return found


def shared(workers: Sequence[DeployedWorker]) -> bool:
    """Whether all say that all of them hold partitions, and answer for them."""
    wanted = {worker.url: {"active"} for worker in workers}
    answers = [get(worker, "/signals") for worker in workers]
    return all(answer.is_success and statuses(answer.json()) == wanted for answer in answers)


def wrong_lists(workers: Sequence[DeployedWorker], expected: Expected) -> list[str]:
    """What any of them says that is not complete and right."""
    wrong = []
    for worker in workers:
        newest = get(worker, "/signals", limit=1000).json()
        if not newest["complete"] or [each["id"] for each in newest["signals"]] != expected.ids[:1000]:
            wrong.append(f"{worker.url}/signals")
        if newest["total"] != len(expected.ids):
            wrong.append(f"{worker.url} counts {newest['total']}")
        latest = get(worker, "/signals", latest="true", limit=1000).json()
        if [each["id"] for each in latest["signals"]] != expected.latest:
            wrong.append(f"{worker.url}/signals?latest=true")
        if [each["symbol"] for each in get(worker, "/symbols").json()["symbols"]] != expected.symbols:
            wrong.append(f"{worker.url}/symbols")
        if get(worker, "/session").json()["symbols"] != expected.symbols:
            wrong.append(f"{worker.url}/session")
        for symbol in expected.symbols[::5]:
            of_one = [each["id"] for each in get(worker, f"/signals/{symbol}", limit=3).json()["signals"]]
            bars = get(worker, f"/windows/{symbol.lower()}").json()
            explained = get(worker, f"/signals/{symbol}/explain").json()
            if of_one != [each for each in expected.ids if f"/{symbol}/" in each][:3]:
                wrong.append(f"{worker.url}/signals/{symbol}")
            if (bars["symbol"], explained["signal"]["id"]) != (symbol, of_one[0]):
                wrong.append(f"{worker.url}/windows/{symbol} or explain")
    return wrong


def written(deployment: Deployment) -> str:
    """Positions behind everything that was sent, as a producer knows them."""
    ends = deployment.watermarks(deployment.topics.raw)
    return ",".join(f"{partition}:{end}" for partition, (_, end) in ends.items())


def test_three_workers_answer_as_one_whatever_happens_to_one_of_them(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy(partitions=PARTITIONS)
    bars = list(random_bars(SYMBOLS, MINUTES + LATER, seed=7))
    deployment.send(bars[: SYMBOLS * MINUTES])
    first, victim, third = workers = deployment.start_workers(("first", "second", "third"))
    deployment.settle()
    eventually(lambda: shared(workers), 60, lambda: str([get(each, "/signals").text[:2000] for each in workers]))
    expected = Expected(deployment)
    assert wrong_lists(workers, expected) == []

    paging_while_signals_come(deployment, workers, bars, expected)
    expected = Expected(deployment)
    assert wrong_lists(workers, expected) == []
    for worker in workers:
        assert get(worker, "/signals", max_lag=0).status_code == 200

    slow(first, victim)
    elsewhere = paused(first, victim)
    eventually(lambda: shared(workers), 60, lambda: get(first, "/signals").text[:2000])

    victim.kill()
    seen = until_complete_again((first, third), expected)
    assert ("unreachable", False) in seen, seen
    assert wrong_lists((first, third), expected) == []
    assert get(first, f"/signals/{elsewhere}").status_code == 200

    # It comes back on another port, and restores its tables for as long as we want.
    hold = tmp_path / "hold"
    hold.touch()
    back = deployment.start_worker("second", "tests.integration.held_warm_up", HELD_WARM_UP=hold)
    others = (first, third)
    eventually(
        lambda: all(statuses(get(each, "/signals").json()).get(back.url) == {"recovering"} for each in others),
        60,
        lambda: f"{get(first, '/signals').text[:2000]}\n{back.tail()}",
    )
    recovering(first, back, expected)
    hold.unlink()
    eventually(lambda: shared((first, back, third)), 60, lambda: get(first, "/signals").text[:2000])
    assert back.url != victim.url
    assert wrong_lists((first, back, third), expected) == []


def paging_while_signals_come(
    deployment: Deployment, workers: Sequence[DeployedWorker], bars: Sequence[Bar], before: Expected
) -> None:
    """Pages at one worker after another have each signal once; and what was sent is read back at once."""
    path: str | None = str(httpx.URL("/signals", params={"run": RUN, "limit": 100}))
    ids: list[str] = []
    pages = 0
    while path is not None:
        if pages in (1, 3):
            start = SYMBOLS * (MINUTES + pages // 2)
            deployment.send(bars[start : start + SYMBOLS])
            sent = bars[start]
            # At once: it waits until the bar is in the answer.
            own = get(
                workers[pages % 3], f"/signals/{sent['symbol']}", limit=1, min_position=written(deployment)
            ).json()
            assert from_iso(own["signals"][0]["timestamp"]) == sent["timestamp"]
            newest = get(workers[(pages + 1) % 3], "/signals", limit=SYMBOLS, min_position=written(deployment)).json()
            assert {from_iso(each["timestamp"]) for each in newest["signals"]} == {sent["timestamp"]}
        page = workers[pages % 3].get(path).json()
        assert page["complete"] is True
        ids += map(itemgetter("id"), page["signals"])
        path = page["next"]
        pages += 1
    assert ids == before.ids


def slow(first: DeployedWorker, victim: DeployedWorker) -> None:
    """Who answers late, but in time, is waited for."""
    victim.process.send_signal(signal.SIGSTOP)
    goes_on = threading.Timer(0.7, victim.process.send_signal, [signal.SIGCONT])
    goes_on.start()
    began = time.monotonic()
    answer = get(first, "/signals")
    goes_on.join()
    assert answer.json()["complete"] is True
    assert time.monotonic() - began > 0.5


def paused(first: DeployedWorker, victim: DeployedWorker) -> str:
    """Who does not answer is missing in what others say, and named; returns one of its symbols."""
    symbols = {signal["symbol"] for signal in get(victim, "/signals", limit=1000, scope="local").json()["signals"]}
    elsewhere: str = min(symbols)
    victim.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        answer = get(first, "/signals", limit=1000).json()
        assert time.monotonic() - began < 4
        assert (answer["complete"], statuses(answer)[victim.url]) == (False, {"unreachable"})
        assert not symbols & {signal["symbol"] for signal in answer["signals"]}
        # The next ones do not wait for it.
        began = time.monotonic()
        refused = get(first, f"/windows/{elsewhere}")
        stale = get(first, "/signals", max_lag=1_000_000)
        assert time.monotonic() - began < 0.9
    finally:
        victim.process.send_signal(signal.SIGCONT)
    for each in (refused, stale):
        assert (each.status_code, each.headers["retry-after"]) == (503, "2")
    assert victim.url in refused.json()["detail"]
    return elsewhere


def until_complete_again(workers: Sequence[DeployedWorker], expected: Expected) -> set[tuple[str, bool]]:
    """Ask until all say that they are complete; nobody says so before it is right. Returns what was seen."""
    seen: set[tuple[str, bool]] = set()

    def is_complete(worker: DeployedWorker) -> bool:
        answer = get(worker, "/signals", limit=1000)
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
            return False
        assert answer.status_code == 200, answer.text
        said = answer.json()
        for each in said["partitions"]:
            seen.add((each["status"], said["complete"]))
        if said["complete"]:
            assert [each["id"] for each in said["signals"]] == expected.ids[:1000]
            assert said["total"] == len(expected.ids)
        return bool(said["complete"])

    eventually(lambda: all(map(is_complete, workers)), 90, lambda: str(seen))
    return seen


def recovering(first: DeployedWorker, back: DeployedWorker, expected: Expected) -> None:
    """Who restores its tables says so itself, and others say so of its partitions."""
    answer = get(first, "/signals", limit=1000).json()
    assert answer["complete"] is False
    theirs = {signal["symbol"] for signal in answer["signals"]}
    missing = sorted(set(expected.symbols) - theirs)
    assert missing
    for path in ("/signals", "/signals?scope=local", f"/signals/{missing[0]}"):
        refused = back.get(path)
        assert (refused.status_code, refused.json()["recovering"]) == (503, True)
    refused = get(first, f"/signals/{missing[0]}")
    assert refused.status_code == 503
    assert f"The worker at {back.url}" in refused.json()["detail"]
    assert back.get("/health").status_code == 200
