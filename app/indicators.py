"""Reading indicators from their topic: what cannot be decoded or makes no sense is poison."""

from typing import cast

from app.domain.indicators_validation import indicators_fault
from app.domain.records import Indicators
from app.engine.batch import Record
from app.serde import Decoder, Poison


def read_indicators(decoder: Decoder, record: Record) -> Indicators:
    """The indicators of a record. Raises Poison with reason and sentence; the key must be the symbol, as for bars."""
    indicators = cast(Indicators, decoder.decode(record.value))
    fault = indicators_fault(indicators)
    if fault is not None:
        raise Poison("invalid", fault)
    if record.key != indicators["symbol"].encode():
        raise Poison("key_mismatch", f"the key is {record.key!r}, the symbol {indicators['symbol']!r}")
    return indicators
