from app.avro.serde import Poison
from app.dead_letters.record import dead_letter_headers, read_headers


def test_the_headers_say_why_and_where_from() -> None:
    poison = Poison("undecodable", "the record ends at byte 7 of 9")
    headers = dead_letter_headers(poison.reason, poison, "stocks.raw.avro", 3, 42, 1_731_594_600_123)
    assert headers == [
        ("reason", b"undecodable"),
        ("exception", b"Poison: the record ends at byte 7 of 9"),
        ("topic", b"stocks.raw.avro"),
        ("partition", b"3"),
        ("offset", b"42"),
        ("time", b"2024-11-14T14:30:00.123Z"),
    ]
    assert read_headers(dict(headers))["offset"] == "42"


def test_a_long_or_odd_message_still_makes_headers() -> None:
    headers = dict(dead_letter_headers("invalid", "\ud800" + "x" * 5000, "t", 0, 0, 10**18))
    assert len(headers["exception"]) == 1000
    assert headers["time"] == b"1000000000000000000"


def test_any_headers_can_be_shown() -> None:
    assert read_headers([("reason", b"\xff"), ("topic", None), ("x", "y")]) == {
        "reason": "\ufffd",
        "topic": "",
        "x": "y",
    }
    assert read_headers(None) == {}
