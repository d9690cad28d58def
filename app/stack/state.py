"""What a stack remembers in its folder: the ports, so that the next start can use them again."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports; kafka_sasl only with the SASL listener that tests ask for."""

    kafka: int
    schema_registry: int
    kafka_sasl: int | None = None

    def save(self, stack_dir: Path) -> None:
        """Writes them, whole or not at all."""
        part = stack_dir / f"{_FILE}.part"
        part.write_text(json.dumps(asdict(self)))
        part.replace(stack_dir / _FILE)

    @classmethod
    def load(cls, stack_dir: Path) -> "Ports | None":
        """The last ones, or None where there are none to be read."""
        try:
            return cls(**json.loads((stack_dir / _FILE).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None


_FILE = "stack.json"
