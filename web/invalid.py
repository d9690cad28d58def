"""Explains in plain words what is wrong with parameters."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from fastapi.routing import APIRoute
from pydantic import BaseModel

_SHOWN = 100
"""How many characters of a value are said again."""

_TIME = "it should be a time such as 2024-11-14T14:30:00Z"
_WHOLE = "it should be a whole number"
_WORDS = {
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "it should be a smaller whole number",
    "float_parsing": "it should be a number",
    "bool_parsing": "it should be true or false",
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "datetime_type": _TIME,
    "missing": "it is missing",
}


class ParameterFault(TypedDict):
    """A parameter, what came, and what is wrong with it."""

    parameter: str
    value: str
    message: str


def known_parameters(route: object) -> frozenset[str]:
    """The names of a route's query parameters; none for what is no route."""
    names: set[str] = set()
    if isinstance(route, APIRoute):
        for field in route.dependant.query_params:
            model = field.field_info.annotation
            if isinstance(model, type) and issubclass(model, BaseModel):
                names |= model.model_fields.keys()
            else:
                names.add(field.alias)
    return frozenset(names)


def faults_of(errors: Iterable[Mapping[str, Any]], known: frozenset[str]) -> list[ParameterFault]:
    """Pydantic's errors as a person understands them."""
    return [_fault(error, known) for error in errors]


def _fault(error: Mapping[str, Any], known: frozenset[str]) -> ParameterFault:
    # ("query", "action", 0): where it is, its name, and which of several values.
    place = [str(part) for part in error["loc"]]
    name = place[1] if len(place) > 1 else place[0]
    value = str(error.get("input"))
    shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
    return {"parameter": name[:_SHOWN], "value": shown, "message": _message(error, name, known)}


def _message(error: Mapping[str, Any], name: str, known: frozenset[str]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    match kind:
        case "extra_forbidden":
            return _no_such(name, known)
        case "greater_than_equal":
            return f"it should be {context['ge']} or more"
        case "less_than_equal":
            return f"it should be {context['le']} or less"
        case "string_too_short":
            return "it should not be empty"
        case "literal_error" | "enum":
            return f"it should be {str(context['expected']).replace(chr(39), '')}"
        case "value_error":
            return str(context["error"])
    message: str = _WORDS.get(kind) or error["msg"]
    return message.replace("Input should", "it should").replace("String should", "it should")


def _no_such(name: str, known: frozenset[str]) -> str:
    names = sorted(known)
    if not names:
        return "there is no such parameter, nor any other here"
    if alike := difflib.get_close_matches(name[:_SHOWN].lower(), names, 1):
        return f"there is no such parameter; did you mean {alike[0]}?"
    return f"there is no such parameter; there {'are' if len(names) > 1 else 'is'} {', '.join(names)}"
