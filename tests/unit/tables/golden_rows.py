"""The rows whose bytes are in tests/golden/row-1.bin, each behind its length as a big-endian u16.

`python -m tests.unit.tables.golden_rows` writes those of a new version, and changes none that is there.
"""

from collections.abc import Iterator
from pathlib import Path

from app.domain.provenance import Provenance
from app.domain.row import Row
from tables.row_format import VERSION
from tests.unit.records import ROW
from tests.unit.tables.encoding import encode_row

GOLDEN = Path(__file__).parents[2] / "golden"

_WARMING_UP = ROW._replace(sma_fast=None, sma_slow=None, rsi=None, bars_seen=1, action="HOLD", reason="warming_up")


def golden_rows() -> list[Row]:
    """Each action and reason, and all that may be missing."""
    ordinary = ROW
    first = _WARMING_UP._replace(number=0, gain=0.0, loss=0.0, gap_minutes=None, previous_action=None)
    without_vwap = ROW._replace(
        vwap=None,
        trade_count=None,
        action="SELL",
        previous_action="BUY",
        reason="overbought_in_downtrend",
        provenance=Provenance("live", "Börse", "sip", "raw"),
    )
    corrected = ROW._replace(revision=3, action="HOLD", previous_action="SELL", reason="flat", gain=0.0, loss=0.0)
    split = _WARMING_UP._replace(number=1200, split_close=756.0, reason="split_suspected")
    # 2099-12-31T23:59:00Z, and the largest numbers there are.
    largest = ROW._replace(
        number=2**32 - 1,
        timestamp=4_102_444_740_000,
        trade_count=2**32 - 2,
        bars_seen=2**32 - 1,
        gap_minutes=2**31 - 1,
        revision=0xFFFF,
        action="HOLD",
        reason="no_rule",
    )
    return [ordinary, first, without_vwap, corrected, split, largest]


def golden_bytes(version: int) -> Iterator[bytes]:
    """The rows as that version wrote them."""
    left = (GOLDEN / f"row-{version}.bin").read_bytes()
    while left:
        end = 2 + int.from_bytes(left[:2], "big")
        yield left[2:end]
        left = left[end:]


if __name__ == "__main__":
    with (GOLDEN / f"row-{VERSION}.bin").open("xb") as file:
        file.writelines(len(data).to_bytes(2, "big") + data for data in map(encode_row, golden_rows()))
