"""Reads and writes many records at once as columns, in Confluent's wire format; `app.avro.serde` takes one."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from fastavro.types import Schema

from app.avro import fast
from app.avro.serde import HEADER, Decoder, Encoder, Poison

#: Fewer records than this are faster one by one: columns and pyruhvro cost some time for each call.
FEW = 16


class Decoded(NamedTuple):
    """Records as columns, with the index of each; records decoded one by one; and those that are poison."""

    columns: pa.RecordBatch
    indexes: npt.NDArray[np.int64]
    records: list[tuple[int, dict[str, Any]]]
    poisoned: list[tuple[int, Poison]]


class ColumnDecoder(Decoder):
    """Reads many records at once with pyruhvro; what it refuses goes through fastavro, which is the reference."""

    def __init__(self, *args: Any, few: int = FEW, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._few = few
        #: The columns: the fields of the newest version of the schema.
        self.fields = fast.arrow_fields(self._reader)
        self._nothing = pa.RecordBatch.from_pylist([], self.fields)
        self._fast: dict[bytes, fast.FastSchema] = {}

    def _learn(self, header: bytes, writer: Schema) -> None:
        super()._learn(header, writer)
        if found := fast.fast_schema(writer, self._reader):
            self._fast[header] = found

    def decode_columns(self, payloads: Sequence[bytes | None]) -> Decoded:
        """The records of payloads that were given to `prepare` before (RuntimeError otherwise)."""
        groups: dict[bytes, list[int]] = {}
        headers = [payload[:HEADER] if payload else b"" for payload in payloads]
        if len(set(headers)) == 1:
            groups[headers[0]] = list(range(len(headers)))
        else:
            for index, header in enumerate(headers):
                groups.setdefault(header, []).append(index)
        batches = [self._nothing]
        indexes = [np.empty(0, np.int64)]
        others: list[int] = []
        for header, group in groups.items():
            if header not in self._fast or len(group) < self._few:
                others += group
                continue
            bodies = [payload[HEADER:] for index in group if (payload := payloads[index])]
            batch, refused = fast.read_columns(bodies, self._fast[header], self.fields)
            batches.append(batch)
            indexes.append(np.delete(np.array(group), refused))
            others += [group[at] for at in refused]
        records: list[tuple[int, dict[str, Any]]] = []
        poisoned: list[tuple[int, Poison]] = []
        for index in sorted(others):
            try:
                records.append((index, self.decode(payloads[index])))
            except Poison as poison:
                # Without its traceback: the frames in there hold all records of the batch.
                poisoned.append((index, Poison(poison.reason, str(poison))))
        return Decoded(fast.one_batch(batches), np.concatenate(indexes), records, poisoned)


class ColumnEncoder(Encoder):
    """Writes many records at once; `register` first, for the id that every record begins with."""

    def __init__(self, schema_name: str) -> None:
        super().__init__(schema_name)
        self._text = fast.canonical(self._schema)

    def encode_columns(self, columns: pa.RecordBatch) -> list[bytes]:
        """The bytes of each record, the same as `encode` gives. Raises RuntimeError before `register`."""
        if not self._header:
            raise RuntimeError("encode_columns() before register()")
        return fast.write_columns(columns, self._text, self._header)
