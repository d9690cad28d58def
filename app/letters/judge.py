"""Reads dead letters as the agents would, to say why they fail, or that they no longer do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.bars import read_bar
from app.indicators import read_indicators
from app.letters.letter import Letter
from app.letters.prospect import Prospect, prospect
from app.serde import Decoder, Poison, SchemaSource
from app.topics import Topics


@dataclass(slots=True)
class _Record:
    """What the agents' reader looks at."""

    key: bytes | None
    value: bytes | None
    offset: int = 0
    timestamp: int = 0


class Judge:
    """The agents' own reading, with the registry as it is now."""

    def __init__(self, registry: SchemaSource, topics: Topics) -> None:
        self._topics = topics
        self._bars = Decoder(registry, "bar")
        self._indicators = Decoder(registry, "indicators")

    async def prepare(self, letters: Iterable[Letter]) -> None:
        """Fetch the schemas that their values name; to be done first. Raises RegistryUnavailable."""
        for letter in letters:
            await self._decoder(letter).prepare([letter.value])

    def decode(self, letter: Letter) -> Mapping[str, Any]:
        """The value's fields, sensible or not. Raises Poison."""
        return self._decoder(letter).decode(letter.value)

    def prospect(self, letter: Letter) -> Prospect:
        """What would become of it if it were sent again."""
        return prospect(letter, self._topics, self._fault(letter))

    def _fault(self, letter: Letter) -> Poison | None:
        try:
            read = read_bar if self._decoder(letter) is self._bars else read_indicators
            read(self._decoder(letter), _Record(letter.key, letter.value))
        except Poison as poison:
            return poison
        return None

    def _decoder(self, letter: Letter) -> Decoder:
        is_indicators = letter.source is not None and letter.source.topic == self._topics.indicators.name
        return self._indicators if is_indicators else self._bars
