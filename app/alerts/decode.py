"""Finds the few signals among the records of `stocks.signals` that may be worth an alert."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import pyarrow as pa
import pyarrow.compute as pc

from app.avro.columns import ColumnDecoder
from app.avro.serde import Poison, SchemaSource
from app.domain.records import Signal


class DecodedSignals(NamedTuple):
    """Signals by their index in the batch, ascending, and the indexes of records that cannot be read."""

    signals: list[tuple[int, Signal]]
    poisoned: list[tuple[int, Poison]]


class TransitionDecoder:
    """Reads transitions and revisions; a HOLD after a HOLD never becomes an object."""

    def __init__(self, registry: SchemaSource) -> None:
        self._decoder = ColumnDecoder(registry, "signal")

    async def decode(self, payloads: Sequence[bytes | None]) -> DecodedSignals:
        """Find the signals that matter among these values. Raises RegistryUnavailable."""
        await self._decoder.prepare(payloads)
        decoded = self._decoder.decode_columns(payloads)
        columns = decoded.columns
        wanted = pc.or_(columns["transition"], pc.greater(columns["revision"], 0))
        chosen = columns.filter(wanted)
        indexes = pa.array(decoded.indexes).filter(wanted).to_pylist()
        found = [(index, _signal(row)) for index, row in zip(indexes, chosen.to_pylist(), strict=True)]
        found += [
            (index, cast(Signal, record))
            for index, record in decoded.records
            if record["transition"] or record["revision"] > 0
        ]
        return DecodedSignals(sorted(found, key=lambda each: each[0]), decoded.poisoned)


def _signal(row: dict[str, object]) -> Signal:
    # Arrow gives a map as a list of pairs.
    own = row["own_indicators"]
    return cast(Signal, row | {"own_indicators": dict(own)} if isinstance(own, list) else row)
