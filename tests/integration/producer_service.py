"""The producer as a process, seen through its /health."""

import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest


class ProducerProcess:
    """The running service, and what its /health says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout
        self.url = next(line.split()[1] for line in process.stdout if line.startswith("Health: "))
        self._http = httpx.Client(transport=httpx.HTTPTransport(retries=10), timeout=60, trust_env=False)

    def health(self) -> dict[str, Any]:
        answer = self._http.get(self.url)
        assert answer.status_code == (503 if answer.json()["status"] == "failed" else 200)
        found: dict[str, Any] = answer.json()
        return found

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first health that is as wanted; the test's own timeout ends the waiting."""
        while not wanted(health := self.health()):
            with suppress(subprocess.TimeoutExpired):
                pytest.fail(f"The producer ended with {self.process.wait(0.1)}; before that: {health}")
        return health
