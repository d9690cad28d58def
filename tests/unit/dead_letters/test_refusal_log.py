import logging

import pytest

from app.dead_letters.record_place import RecordPlace
from app.dead_letters.refusal_log import AGAIN_SECONDS, RefusalLog


def test_each_reason_is_said_once_a_minute_with_an_example(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    refusals = RefusalLog("stocks.dead-letters", lambda: now[0])
    with caplog.at_level(logging.WARNING, "app.dead_letters.refusal_log"):
        for offset in range(300):
            refusals.note("stale", RecordPlace("raw", 0, offset), ValueError("too late"))
        refusals.note("not_avro", RecordPlace("raw", 1, 7), ValueError("\x1b[2J"))
        now[0] = AGAIN_SECONDS
        refusals.note("stale", RecordPlace("raw", 0, 300), ValueError("too late"))
    assert caplog.messages == [
        "Refused as stale: raw[0]@0, too late. It is in stocks.dead-letters: `stocks dead-letters list --reason stale`",
        (
            "Refused as not_avro: raw[1]@7, \x1b[2J. It is in stocks.dead-letters: "
            "`stocks dead-letters list --reason not_avro`"
        ),
        (
            "Refused as stale: raw[0]@300, too late; 299 more since the last such line. It is in stocks.dead-letters: "
            "`stocks dead-letters list --reason stale`"
        ),
    ]
    assert [(each.topic, each.partition, each.offset) for each in caplog.records] == [  # type: ignore[attr-defined]
        ("raw", 0, 0),
        ("raw", 1, 7),
        ("raw", 0, 300),
    ]
