"""What the demo asks the worker's API and the producer."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx


class Http:
    """Asks both, on this machine."""

    def __init__(self, api: str, producer: str, headers: Mapping[str, str]) -> None:
        self._api, self._producer = api, producer
        self._headers = headers
        # Proxies of the environment are not for loopback.
        self._client = httpx.Client(timeout=2.0, trust_env=False)

    def newest(self, run_id: str, symbol: str | None = None) -> str | None:
        """The time of the newest signal of the run, or of one symbol of it; None while there is none to be read."""
        path = f"/signals/{symbol}" if symbol else "/signals"
        answer = self._get(self._api, path, {"run": run_id, "limit": 1})
        signals = answer["signals"] if answer and "signals" in answer else []
        return str(signals[0]["timestamp"]) if signals else None

    def producer(self) -> dict[str, Any] | None:
        """The producer's /health; None while it does not answer."""
        return self._get(self._producer, "/health", failing=True)

    def readiness(self) -> dict[str, Any] | None:
        """The worker's /ready, whether it is ready or not."""
        return self._get(self._api, "/ready", failing=True)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _get(
        self, base: str, path: str, params: dict[str, str | int] | None = None, *, failing: bool = False
    ) -> dict[str, Any] | None:
        try:
            headers = self._headers if base == self._api else None
            answer = self._client.get(f"{base}{path}", params=params, headers=headers)
            if answer.status_code != HTTPStatus.OK and not failing:
                return None
            found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError):
            return None
        return found
