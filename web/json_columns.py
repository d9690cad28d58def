"""Many signals as JSON at once, from columns: a tenth of the time that one by one takes, and most of it without
Python's lock, so that a burst for a client does not slow the worker."""

import json
import math
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from app.times import iso
from web.models import SignalOut

#: What JSON writes otherwise than it is.
_ESCAPED = r'["\\\x00-\x1f\x7f]'

#: No price is so high; Arrow writes numbers from 1e10 on with an exponent.
_LARGE = 1e10

_TIMES = frozenset({"timestamp", "emitted_at"})


def signals_json(columns: pa.RecordBatch) -> list[bytes]:
    """Each row as `signal_out` writes it; the fields of schemas/signal.avsc."""
    if not columns.num_rows:
        return []
    parts: list[Any] = []
    before = "{"
    for name in SignalOut.model_fields:
        parts += [pa.scalar(f'{before}"{name}":'), _values(name, columns[name])]
        before = ","
    joined = pc.binary_join_element_wise(*parts, pa.scalar("}"), pa.scalar(""))
    found: list[bytes] = joined.cast(pa.binary()).to_pylist()
    return found


def _values(name: str, column: pa.Array) -> pa.Array:
    """The values of one field as JSON."""
    kind = column.type
    if name in _TIMES:
        return _by_value(column.cast(pa.int64()), lambda value: json.dumps(iso(value)))
    if pa.types.is_boolean(kind):
        made = pc.if_else(column, "true", "false")
    elif pa.types.is_integer(kind):
        made = column.cast(pa.string())
    elif pa.types.is_floating(kind):
        # JSON has no word for what is not finite.
        made = pc.if_else(pc.is_finite(column), _floats(column), None)
    elif name in ("id", "symbol", "explanation"):
        made = _texts(column)
    elif pa.types.is_string(kind) or pa.types.is_dictionary(kind) or pa.types.is_large_string(kind):
        return _by_value(column.cast(pa.string()), _text)
    elif column.null_count == len(column):
        made = pa.nulls(len(column), pa.string())
    elif pa.types.is_map(kind) and not len(column.keys):
        made = pa.repeat("{}", len(column))
    else:
        made = _one_by_one(column)
    return pc.fill_null(made, "null")


def _floats(column: pa.Array) -> pa.Array:
    """Numbers with a point, as Python writes them; Arrow writes whole ones without."""
    is_whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), _LARGE))
    return pc.binary_join_element_wise(column.cast(pa.string()), pc.if_else(is_whole, ".0", ""), pa.scalar(""))


def _texts(column: pa.Array) -> pa.Array:
    """Texts that are all different."""
    if pc.any(pc.match_substring_regex(column, _ESCAPED)).as_py():
        return pa.array(map(_text, column.to_pylist()), pa.string())
    return pc.binary_join_element_wise(pa.scalar('"'), column, pa.scalar('"'), pa.scalar(""))


def _by_value(column: pa.Array, write: Callable[[Any], str]) -> pa.Array:
    """Values of which there are few different ones; null where there is none."""
    encoded = column.dictionary_encode()
    written = pa.array([write(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return pc.fill_null(written.take(encoded.indices), "null")


def _one_by_one(column: pa.Array) -> pa.Array:
    """Numbers by name: a split, or what a rule's own indicators say."""
    return pa.array([None if value is None else _numbers(dict(value)) for value in column.to_pylist()], pa.string())


def _numbers(values: dict[str, float | None]) -> str:
    return _text({name: _finite(value) for name, value in values.items()})


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
