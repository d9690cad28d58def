"""The Avro schemas, one record a file; every field says what it means, with unit and time zone."""

import json
from importlib.resources import files
from typing import Any

_FOLDER = files(__name__)
_SUFFIX = ".avsc"


def names() -> list[str]:
    """What `load` takes, sorted; those with a version, such as `bar.v1`, are the schemas of older records."""
    return sorted(file.name.removesuffix(_SUFFIX) for file in _FOLDER.iterdir() if file.name.endswith(_SUFFIX))


def load(name: str) -> dict[str, Any]:
    """The schema as it stands in `<name>.avsc`; raises KeyError that says which ones there are."""
    file = _FOLDER.joinpath(name + _SUFFIX)
    if not file.is_file():
        raise KeyError(f"no schema {name!r}: there are {', '.join(names())}")
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema
