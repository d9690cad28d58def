"""What /openapi.json says of all routes alike, and that its examples are what its schemas allow."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from pydantic import SecretStr

from tests.unit.web.fake import FakeReader
from web.access.gate import OPEN
from web.access.policy import AccessPolicy
from web.access.token import Token
from web.main import create_app

Described = dict[str, Any]


@pytest.fixture(scope="module", params=[False, True], ids=["open", "with a token"])
def schema(request: pytest.FixtureRequest) -> Described:
    token = Token(SecretStr("0123456789abcdef")) if request.param else None
    return create_app(FakeReader(), access=AccessPolicy(token)).openapi()


def operations(schema: Described) -> Iterator[tuple[str, Described]]:
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            yield path, operation


def fault(value: Any, described: Described, schema: Described) -> str | None:
    """Why a value is not what the schema allows."""
    validator = jsonschema_rs.Draft202012Validator({**described, "components": schema["components"]})
    return next((f"{value!r}: {error.message}" for error in validator.iter_errors(value)), None)


def test_every_parameter_has_an_example_that_is_allowed(schema: Described) -> None:
    seen = 0
    for path, operation in operations(schema):
        for parameter in operation.get("parameters", []):
            for value in parameter["schema"]["examples"]:
                seen += 1
                assert fault(value, parameter["schema"], schema) is None, (path, parameter["name"])
            # Swagger's page would fill in what may be left out.
            assert ("example" in parameter) == parameter["required"], (path, parameter["name"])
    assert seen > 20


def test_every_answer_and_every_error_has_one(schema: Described) -> None:
    named = [(name, name.removeprefix("Status"), each) for name, each in schema["components"]["responses"].items()]
    routes = [
        (path, status, answer)
        for path, operation in operations(schema)
        for status, answer in operation["responses"].items()
        if "$ref" not in answer
    ]
    for where, status, answer in named + routes:
        for media_type, content in answer.get("content", {}).items():
            value = content["example"]
            if media_type.endswith("json"):
                assert fault(value, content["schema"], schema) is None, (where, status)
                if int(status) >= 400:
                    assert value.get("detail") or "ready" in value
            else:
                assert value, (where, status)


def test_examples_are_of_this_trade(schema: Described) -> None:
    [signal] = schema["paths"]["/signals"]["get"]["responses"]["200"]["content"]["application/json"]["example"][
        "signals"
    ]
    assert (signal["symbol"], signal["action"]) == ("AAPL", "BUY")
    assert signal["explanation"].startswith("RSI ")


def test_what_a_request_gets_before_it_reaches_a_route_is_said_of_each(schema: Described) -> None:
    asks = "securitySchemes" in schema["components"]
    assert schema.get("security") == ([{"token": []}] if asks else None)
    for path, operation in operations(schema):
        assert set(operation["responses"]) >= {"200", "414", "421", "431"}
        assert ("401" in operation["responses"]) == (asks and path not in OPEN)
        assert operation.get("security") == ([] if asks and path in OPEN else None)


def test_it_is_made_once(schema: Described) -> None:
    app = create_app(FakeReader())
    assert app.openapi() is app.openapi()
