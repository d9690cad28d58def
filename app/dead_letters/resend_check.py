"""Reads dead letters as the agents would, to say why they fail, or that they no longer do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.avro.bars import read_bar
from app.avro.serde import Decoder, Poison, SchemaSource
from app.dead_letters.letter import Letter
from app.dead_letters.resend_verdict import ResendVerdict, resend_verdict
from app.kafka.topics import Topics


@dataclass(slots=True)
class _Record:
    """A record as the agents' reader takes it."""

    key: bytes | None
    value: bytes | None
    offset: int = 0
    timestamp: int = 0


class ResendCheck:
    """Reads values as the agents do, with the registry as it is now."""

    def __init__(self, registry: SchemaSource, topics: Topics) -> None:
        self._topics = topics
        self._bars = Decoder(registry, "bar")

    async def prepare(self, letters: Iterable[Letter]) -> None:
        """Fetch the schemas that their values name; to be done first. Raises RegistryUnavailable."""
        await self._bars.prepare(letter.value for letter in letters)

    def decode(self, letter: Letter) -> Mapping[str, Any]:
        """The value's fields, sensible or not. Raises Poison."""
        return self._bars.decode(letter.value)

    def verdict(self, letter: Letter) -> ResendVerdict:
        """What would happen if it were sent again."""
        return resend_verdict(letter, self._topics, self._fault(letter))

    def _fault(self, letter: Letter) -> Poison | None:
        try:
            read_bar(self._bars, _Record(letter.key, letter.value))
        except Poison as poison:
            return poison
        return None
