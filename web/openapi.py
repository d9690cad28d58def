"""Adds to /openapi.json what holds for all routes: who may ask, limits of a request, examples."""

from collections.abc import Iterator
from typing import Any

from app.asgi.limits import TOO_LARGE_HEADERS, TOO_LONG_URL
from web.access.gate import OPEN, WITHOUT
from web.openapi_examples import example, not_ready, parameter_example, problem_example

_ELSEWHERE = "The request's Host is no name of this machine that is known here."

#: For every route: what a request may get before it reaches one.
_BEFORE = {414: TOO_LONG_URL, 421: _ELSEWHERE, 431: TOO_LARGE_HEADERS}

_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "What API_TOKEN says. Browsers have a cookie instead, of the form at /login.",
}


def completed(schema: dict[str, Any], *, asks_for_token: bool) -> dict[str, Any]:
    """FastAPI's schema with all of this; it is changed in place."""
    before = {**_BEFORE, **({401: WITHOUT} if asks_for_token else {})}
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    components["responses"] = {
        f"Status{status}": {
            "description": detail,
            "content": {_problem_type(schema): {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, detail in before.items()
    }
    if asks_for_token:
        components["securitySchemes"] = {"token": _SCHEME}
        schema["security"] = [{"token": []}]
    for path, operation in _operations(schema):
        if asks_for_token and path in OPEN:
            operation["security"] = []
        for status in before:
            if status != 401 or path not in OPEN:
                operation["responses"].setdefault(str(status), {"$ref": f"#/components/responses/Status{status}"})
    _add_examples(schema, schemas)
    return schema


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            yield path, operation


def _problem_type(schema: dict[str, Any]) -> str:
    """The media type that errors of the routes have."""
    for _, operation in _operations(schema):
        for content in operation["responses"].get("422", {}).get("content", {}):
            return str(content)
    return "application/json"


def _add_examples(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    for status, response in schema["components"]["responses"].items():
        _add_to(response, int(status.removeprefix("Status")), "", schemas)
    for path, operation in _operations(schema):
        for parameter in operation.get("parameters", []):
            _add_to_parameter(parameter, schemas)
        for status, response in operation["responses"].items():
            _add_to(response, int(status), path, schemas)


def _add_to_parameter(parameter: dict[str, Any], schemas: dict[str, Any]) -> None:
    described = parameter["schema"] = _as_in_an_address(parameter["schema"])
    if "examples" not in described:
        described["examples"] = [parameter_example(parameter["name"], described, schemas)]
    if parameter["required"]:
        # Swagger's page fills it in; parameters that may be left out it should leave out.
        parameter.setdefault("example", described["examples"][0])


def _as_in_an_address(described: dict[str, Any]) -> dict[str, Any]:
    """What a parameter may be: there is no null in an address, and a list may name something twice."""
    match described.get("anyOf"):
        case [one, {"type": "null"}]:
            described = {**{name: value for name, value in described.items() if name != "anyOf"}, **one}
    described.pop("uniqueItems", None)
    return described


def _add_to(response: dict[str, Any], status: int, path: str, schemas: dict[str, Any]) -> None:
    for media_type, content in response.get("content", {}).items():
        if "example" in content or "examples" in content:
            continue
        described = content.get("schema", {})
        if status >= 400 and str(described.get("$ref", "")).endswith("/Problem"):
            content["example"] = problem_example(status, path, described, schemas)
        else:
            found = example(described, schemas, media_type=media_type)
            content["example"] = not_ready(found) if status >= 400 else found
