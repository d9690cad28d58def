from collections.abc import Mapping
from typing import Any

import pytest

from app.alerts.decode import TransitionDecoder
from app.avro.serde import Encoder
from tests.unit.alerts.made import signal


class OneSchema:
    """A registry that knows one schema."""

    schema: Any

    async def register(self, subject: str, schema: Mapping[str, Any]) -> int:
        self.schema = schema
        return 7

    async def fetch_schema(self, schema_id: int) -> Any:
        return self.schema


@pytest.mark.parametrize("count", [4, 400])
async def test_transitions_and_revisions_come_in_order_and_what_cannot_be_read_is_named(count: int) -> None:
    registry, encoder = OneSchema(), Encoder("signal")
    await encoder.register(registry, "signals-value")
    made = [
        signal(
            number,
            transition=number % 4 == 1,
            revision=1 if number % 4 == 2 else 0,
            own_indicators={"width": 1.5, "warming": None},
        )
        for number in range(count)
    ]
    payloads: list[bytes | None] = [encoder.encode(each) for each in made]
    payloads[3] = b"no Avro"
    found = await TransitionDecoder(registry).decode(payloads)
    wanted = [(index, each) for index, each in enumerate(made) if index % 4 in (1, 2)]
    assert found.signals == wanted
    assert [(index, poison.reason) for index, poison in found.poisoned] == [(3, "not_avro")]
