"""Reads one bar from a raw record. A record that cannot be decoded, or makes no sense, is poison."""

from collections.abc import Mapping
from typing import Any, cast

from app.avro.serde import Decoder, Poison
from app.domain.records import Bar
from app.domain.validation import bar_fault
from app.engine.batch import Record


def read_bar(decoder: Decoder, record: Record) -> Bar:
    """The bar of a record. Raises Poison with reason and sentence."""
    bar = decoder.decode(record.value)
    if poison := bar_poison(bar, record.key):
        raise poison
    return cast(Bar, bar)


def bar_poison(bar: Mapping[str, Any], key: bytes | None) -> Poison | None:
    """Why a decoded bar can never be processed; None when it can.

    The key must be the bar's symbol: by it the producer chose the partition, and
    bars of one symbol on two partitions would make two windows, both wrong.
    """
    if fault := bar_fault(bar):
        return Poison("invalid", fault)
    if key != bar["symbol"].encode():
        return Poison("key_mismatch", f"the key is {key!r}, the bar's symbol {bar['symbol']!r}")
    return None
