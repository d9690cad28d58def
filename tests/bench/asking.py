"""Clients that ask a worker's API, as a process of their own: `python -m tests.bench.asking URL` until its input ends.

In the process that sends bars and reads signals they would keep those waiting, and that is not what is measured.
The first line of its output says that each has had an answer, the second the milliseconds of all, as JSON.
"""

import json
import sys
from itertools import cycle
from threading import Barrier, Event, Thread
from time import monotonic

from tests.harness.http_client import http_client

REQUESTS_PER_SECOND = 50

#: So many clients, so that one slow answer does not keep the others from asking; each begins with a path of its own.
CLIENTS = 5

READY = "ready"

READY_SECONDS = 30.0

PATHS = (
    "/signals?limit=100",
    "/signals?limit=100&action=BUY",
    "/signals?limit=100&transitions=true",
    "/signals/S0001?limit=5",
    "/windows/S0002",
)


def ask(url: str, first: int, answers: list[float], ready: Barrier, stop: Event) -> None:
    """Ask one address after another, each at its pace, until stopped."""
    paths = cycle(PATHS[first:] + PATHS[:first])
    with http_client(base_url=url, timeout=10) as client:
        client.get(PATHS[first]).raise_for_status()
        ready.wait()
        # Not all at once.
        stop.wait(first / REQUESTS_PER_SECOND)
        due = monotonic()
        while not stop.is_set():
            began = monotonic()
            if client.get(next(paths)).is_success:
                answers.append(1000 * (monotonic() - began))
            # A client that had to wait asks the next sooner: of many, others would have asked meanwhile.
            due += CLIENTS / REQUESTS_PER_SECOND
            stop.wait(max(0.0, due - monotonic()))


def main(url: str) -> None:
    answers: list[float] = []
    stop = Event()
    ready = Barrier(CLIENTS + 1)
    threads = [Thread(target=ask, args=(url, number, answers, ready, stop)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    ready.wait(READY_SECONDS)
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1])
