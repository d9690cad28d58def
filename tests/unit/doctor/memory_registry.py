"""A schema registry in memory, as the doctor asks it."""

from collections.abc import Mapping
from typing import Any

import schemas
from app.avro.registry import Registered, RegistryUnavailable

BARS, SIGNALS = "dips.stocks.raw.avro-value", "dips.stocks.signals-value"


class MemoryRegistry:
    """Newest versions by subject, and which subjects take ours after theirs."""

    url = "http://registry"

    def __init__(self) -> None:
        self.newest: dict[str, Registered] = {
            BARS: Registered(1, 3, schemas.load("bar")),
            SIGNALS: Registered(2, 2, schemas.load("signal")),
        }
        self.takes: set[str] = set()
        self.fault: RegistryUnavailable | None = None

    async def check(self) -> None:
        if self.fault:
            raise self.fault

    async def latest(self, subject: str) -> Registered | None:
        return self.newest.get(subject)

    async def compatible(self, subject: str, schema: Mapping[str, Any]) -> bool:
        return subject in self.takes
