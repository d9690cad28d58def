"""Whether indicators make sense: those of our own agent do, those of whoever else writes to the topic may not."""

from collections.abc import Mapping
from typing import Any

from app.domain.validation import LONGEST_LABEL, is_price, minute_fault, price_fault, text_fault

# What a row of app/domain/history_rows.py can hold.
MOST_BARS = 2**32 - 1
LONGEST_GAP = 2**31 - 1
MOST_REVISIONS = 2**16 - 1

_INFINITY = float("inf")
# What our own arithmetic may be beside 0 and 100.
_ROUNDING = 1e-9


def indicators_fault(record: Mapping[str, Any]) -> str | None:
    """None for indicators that make sense, otherwise a sentence that names the field and its value.

    The close and the averages are prices, the RSI lies in 0 to 100, the counts
    are not negative and small enough to be kept, the source position is one
    that Kafka has; run, symbol, source, feed and time are as `bar_fault` wants them.
    """
    fast, slow, rsi, gap = record["sma_20"], record["sma_50"], record["rsi_14"], record["gap_minutes"]
    # Every comparison is false for NaN.
    if (
        is_price(record["close"])
        and (fast is None or 0.0 < fast < _INFINITY)
        and (slow is None or 0.0 < slow < _INFINITY)
        and (rsi is None or -_ROUNDING <= rsi <= 100.0 + _ROUNDING)
        and 0 < record["bars_seen"] <= MOST_BARS
        and 0 <= record["revision"] <= MOST_REVISIONS
        and (gap is None or 0 <= gap <= LONGEST_GAP)
        and 0 <= record["source_partition"] < 2**31
        and 0 <= record["source_offset"] < 2**63
        and 0 <= record["source_index"] < 2**31
        and len(record["source_topic_id"]) <= LONGEST_LABEL
        and (record["split"] is None or all(map(is_price, record["split"].values())))
    ):
        return minute_fault(record["timestamp"]) or text_fault(
            record["run_id"], record["symbol"], record["source"], record["feed"], ""
        )
    return _number_fault(record)


def _number_fault(record: Mapping[str, Any]) -> str:
    if fault := price_fault("close", record["close"]):
        return fault
    for field in ("sma_20", "sma_50"):
        value = record[field]
        if value is not None and not 0.0 < value < _INFINITY:
            return f"{field} is {value}, an average price must be finite and above 0"
    rsi = record["rsi_14"]
    if rsi is not None and not -_ROUNDING <= rsi <= 100 + _ROUNDING:
        return f"rsi_14 is {rsi}, it must lie in 0 to 100"
    ranges = (
        ("bars_seen", 1, MOST_BARS),
        ("revision", 0, MOST_REVISIONS),
        ("gap_minutes", 0, LONGEST_GAP),
        ("source_partition", 0, 2**31 - 1),
        ("source_offset", 0, 2**63 - 1),
        ("source_index", 0, 2**31 - 1),
    )
    for field, least, most in ranges:
        value = record[field]
        if value is not None and not least <= value <= most:
            return f"{field} is {value}, it must be {least} to {most}"
    if len(record["source_topic_id"]) > LONGEST_LABEL:
        return f"source_topic_id is {len(record['source_topic_id'])} characters long, at most {LONGEST_LABEL} are taken"
    return f"split is {record['split']}, of prices that are none"
