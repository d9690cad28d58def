"""Reading bars from the raw topic: what cannot be decoded or makes no sense is poison."""

from typing import cast

from app.domain.records import Bar
from app.domain.validation import bar_fault
from app.engine.batch import Record
from app.serde import Decoder, Poison


def read_bar(decoder: Decoder, record: Record) -> Bar:
    """The bar of a record. Raises Poison with reason and sentence.

    The key must be the bar's symbol: by it the producer chose the partition, and
    bars of one symbol on two partitions would make two windows, both wrong.
    """
    bar = cast(Bar, decoder.decode(record.value))
    fault = bar_fault(bar)
    if fault is not None:
        raise Poison("invalid", fault)
    if record.key != bar["symbol"].encode():
        raise Poison("key_mismatch", f"the key is {record.key!r}, the bar's symbol {bar['symbol']!r}")
    return bar
