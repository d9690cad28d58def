import pytest

from web.negotiation import Format, format_of


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("TEXT/CSV; header=present", "csv"),
        ("text/csv, */*", "csv"),
        ("text/csv, */*;q=0.1", "csv"),
        ("text/csv;q=0.5, */*", "json"),
        ("text/*", "csv"),
        ("text/csv, application/json", "json"),
        ("application/json;q=0.4, text/csv;q=0.5", "csv"),
        ("application/json, text/csv;q=0.9", "json"),
        ("text/csv;q=0", "json"),
        ("text/csv;q=much", "json"),
        ("text/csv;q=0, */*", "json"),
        ("image/png", "json"),
        # A browser's.
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", "json"),
        (",;,=;q", "json"),
    ],
)
def test_the_header_says_which(accept: str, format_: Format) -> None:
    assert format_of(None, accept) == format_


def test_the_parameter_wins() -> None:
    assert format_of("csv", "application/json") == "csv"
    assert format_of("json", "text/csv") == "json"
