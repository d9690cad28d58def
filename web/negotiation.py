"""JSON or CSV: what a request asks for by `?format=`, or by its header Accept."""

from typing import Literal

Format = Literal["json", "csv"]


def format_of(asked: Format | None, accept: str) -> Format:
    """The parameter wins over the header; of formats that are equally welcome JSON, unless CSV alone is named.

    A header that welcomes neither gets JSON: an answer that can be read helps more than 406.
    """
    if asked is not None:
        return asked
    csv, json = _welcome(accept, "text/csv"), _welcome(accept, "application/json")
    return "csv" if csv > json and csv[0] else "json"


def _welcome(accept: str, media_type: str) -> tuple[float, bool]:
    """The weight of a media type, 0 to 1, and whether it is named itself (RFC 9110, 12.5.1)."""
    # The more exact range counts, whatever its weight.
    ranges = ("*/*", f"{media_type.partition('/')[0]}/*", media_type)
    exactness, weight = -1, 0.0
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in ranges and ranges.index(name) > exactness:
            exactness, weight = ranges.index(name), _weight(parameters)
    return weight, exactness == len(ranges) - 1


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
