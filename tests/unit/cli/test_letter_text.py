from app.cli.letter_text import details, hex_dump, plan
from app.dead_letters.resend_verdict import ResendChance, ResendVerdict
from tests.unit.dead_letters.made import letter

GOOD, NONE = ResendVerdict(ResendChance.GOOD, "it can be read now"), ResendVerdict(ResendChance.NONE, "stale: too late")


def test_bytes_are_dumped_with_their_place_and_text() -> None:
    assert list(hex_dump(b"not avro at all\n\xff")) == [
        "  000000  6e 6f 74 20 61 76 72 6f 20 61 74 20 61 6c 6c 0a  not avro at all.",
        "  000010  ff                                               .",
    ]


def test_a_long_value_is_dumped_in_part() -> None:
    lines = list(hex_dump(bytes(5000)))
    assert len(lines) == 65
    assert lines[-1] == "  … 5,000 bytes in all"


def test_details_show_the_decoded_value_or_the_bytes() -> None:
    decoded = "\n".join(details(letter(42), {"symbol": "AAPL", "timestamp": 0}, GOOD))
    assert "from        stocks.raw.avro[1]@42\n" in decoded
    assert 'value       {"symbol": "AAPL", "timestamp": "1970-01-01T00:00:00Z"}' in decoded
    dumped = "\n".join(details(letter(), "cannot be decoded: nonsense", NONE))
    assert "value       cannot be decoded: nonsense\n  000000  6e 6f" in dumped
    assert "sent again  would come back: stale: too late" in dumped


def test_the_plan_counts_by_what_would_become_of_them() -> None:
    judged = [(letter(1, reason="unknown_schema"), GOOD), (letter(2, reason="stale"), NONE)]
    lines = list(plan(judged, late_bars=10))
    assert lines[:5] == [
        "2 dead letters chosen.",
        "  1 would be read now:",
        "    1 unknown_schema",
        "  1 would come back:",
        "    1 stale",
    ]
    assert lines[5] == "      stocks.raw.avro[1]@2: stale: too late"
    assert "after 30 s" in lines[6]
    assert "LATE_BARS=10" in lines[7]
