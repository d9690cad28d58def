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
    return worker.get(str(httpx.URL(path).copy_merge_params({"run": RUN, **query})))


def whole(worker: DeployedWorker, path: str, **query: Any) -> dict[str, Any]:
    """Its first answer that is complete: on a busy machine another worker may take longer than it is waited for."""
    answers: list[httpx.Response] = []

    def is_whole() -> bool:
        answers.append(get(worker, path, **query))
        assert answers[-1].status_code in (200, 503), answers[-1].text
        return answers[-1].status_code == 200 and answers[-1].json()["complete"] is True

    eventually(is_whole, 60, lambda: answers[-1].text[:2000])
    found: dict[str, Any] = answers[-1].json()
    return found


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
    """What any of them says that is complete and not right."""
    wrong = []
    for worker in workers:
        newest = whole(worker, "/signals", limit=1000)
        if [each["id"] for each in newest["signals"]] != expected.ids[:1000]:
            wrong.append(f"{worker.url}/signals")
        if newest["total"] != len(expected.ids):
            wrong.append(f"{worker.url} counts {newest['total']}")
        latest = whole(worker, "/signals", latest="true", limit=1000)
        if [each["id"] for each in latest["signals"]] != expected.latest:
            wrong.append(f"{worker.url}/signals?latest=true")
        if [each["symbol"] for each in whole(worker, "/symbols")["symbols"]] != expected.symbols:
            wrong.append(f"{worker.url}/symbols")
        if whole(worker, "/session")["symbols"] != expected.symbols:
            wrong.append(f"{worker.url}/session")
        for symbol in expected.symbols[::5]:
            of_one = [each["id"] for each in whole(worker, f"/signals/{symbol}", limit=3)["signals"]]
            bars = whole(worker, f"/windows/{symbol.lower()}")
            explained = whole(worker, f"/signals/{symbol}/explain")
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
    deployment.settle()
    expected = Expected(deployment)
    assert wrong_lists(workers, expected) == []
    for worker in workers:
        whole(worker, "/signals", max_lag=0)

    eventually(lambda: waits_for_one_that_is_slow(first, victim), 60)
    elsewhere = paused(workers)
    eventually(lambda: shared(workers), 60, lambda: get(first, "/signals").text[:2000])

    victim.kill()
    seen = until_complete_again((first, third), expected)
    assert ("unreachable", False) in seen, seen
    assert wrong_lists((first, third), expected) == []
    whole(first, f"/signals/{elsewhere}")

    # It comes back on another port, and restores its tables for as long as we want.
    hold = tmp_path / "hold"
    hold.touch()
    back = deployment.start_worker("second", "tests.integration.held_warm_up", HELD_WARM_UP=hold)
    others = (first, third)
    eventually(
        lambda: all(statuses(get(each, "/signals").json()).get(back.url) == {"recovering"} for each in others),
        120,
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
            one, other, position = workers[pages % 3], workers[(pages + 1) % 3], written(deployment)
            own = whole(one, f"/signals/{sent['symbol']}", limit=1, min_position=position)
            assert from_iso(own["signals"][0]["timestamp"]) == sent["timestamp"]
            newest = whole(other, "/signals", limit=SYMBOLS, min_position=position)
            assert {from_iso(each["timestamp"]) for each in newest["signals"]} == {sent["timestamp"]}
        page = whole(workers[pages % 3], path)
        ids += map(itemgetter("id"), page["signals"])
        path = page["next"]
        pages += 1
    assert ids == before.ids


def waits_for_one_that_is_slow(first: DeployedWorker, victim: DeployedWorker) -> bool:
    """Who answers late, but in time, is waited for; False where this machine was too slow for it to be in time."""
    began = time.monotonic()
    victim.process.send_signal(signal.SIGSTOP)
    goes_on = threading.Timer(0.7, victim.process.send_signal, [signal.SIGCONT])
    goes_on.start()
    answer = get(first, "/signals").json()
    answered = time.monotonic()
    goes_on.join()
    assert not answer["complete"] or answered - began > 0.5
    return bool(answer["complete"])


def paused(workers: Sequence[DeployedWorker]) -> str:
    """Who does not answer is missing in what others say, and named; returns one of its symbols."""
    first, victim, _ = workers
    symbols = {signal["symbol"] for signal in get(victim, "/signals", limit=1000, scope="local").json()["signals"]}
    elsewhere: str = min(symbols)
    took: list[tuple[float, float]] = []

    def is_not_waited_for_long() -> bool:
        eventually(lambda: shared(workers), 60)
        took.append(seconds_without(first, victim, symbols))
        return took[-1][0] < 4 and took[-1][1] < 0.9

    # A busy machine may take longer by itself, but not each time.
    eventually(is_not_waited_for_long, 60, lambda: str(took))
    return elsewhere


def seconds_without(first: DeployedWorker, victim: DeployedWorker, symbols: set[str]) -> tuple[float, float]:
    """How long the first answer takes while a worker is paused, and how long the next two."""
    elsewhere = min(symbols)
    victim.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        answer = get(first, "/signals", limit=1000).json()
        first_seconds = time.monotonic() - began
        assert (answer["complete"], statuses(answer)[victim.url]) == (False, {"unreachable"})
        assert not symbols & {signal["symbol"] for signal in answer["signals"]}
        # The next ones do not wait for it.
        began = time.monotonic()
        refused = get(first, f"/windows/{elsewhere}")
        stale = get(first, "/signals", max_lag=1_000_000)
        next_seconds = time.monotonic() - began
    finally:
        victim.process.send_signal(signal.SIGCONT)
    for each in (refused, stale):
        assert (each.status_code, each.headers["retry-after"]) == (503, "2")
    assert victim.url in refused.json()["detail"]
    return first_seconds, next_seconds


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
