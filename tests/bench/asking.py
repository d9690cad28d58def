"""Clients that ask a worker's API, as a process of their own: `python -m tests.bench.asking URL` until its input ends.

In the process that sends bars and reads signals they would keep those waiting, and that is not what is measured.
The milliseconds that each answer took are its output, as JSON.
"""

import json
import sys
from itertools import cycle
from threading import Event, Thread
from time import monotonic

import httpx

REQUESTS_PER_SECOND = 50

#: So many clients, so that one slow answer does not keep the others from asking.
CLIENTS = 5

PATHS = (
    "/signals?limit=100",
    "/signals?limit=100&action=BUY",
    "/signals?limit=100&transitions=true",
    "/signals/S0001?limit=5",
    "/windows/S0002",
)


def ask(url: str, first: int, answers: list[float], stop: Event) -> None:
    """Ask one address after another, each at its pace, until stopped."""
    paths = cycle(PATHS[first:] + PATHS[:first])
    # Not all at once.
    stop.wait(first / REQUESTS_PER_SECOND)
    due = monotonic()
    with httpx.Client(base_url=url, timeout=10, trust_env=False) as client:
        while not stop.is_set():
            began = monotonic()
            if client.get(next(paths)).is_success:
                answers.append(1000 * (monotonic() - began))
            # Who was kept waiting makes up for it, as others than these would have asked.
            due += CLIENTS / REQUESTS_PER_SECOND
            stop.wait(max(0.0, due - monotonic()))


def main(url: str) -> None:
    answers: list[float] = []
    stop = Event()
    threads = [Thread(target=ask, args=(url, number % len(PATHS), answers, stop)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1])
