"""Schemathesis over the whole API: what its schema says is what it does, whatever it is asked.

In this process, over a reader in memory; an answer that does not conform, a 500, or a route that asks for no token
fails.
"""

import re
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from pydantic import SecretStr
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

from app.asgi.hosts import Hosts
from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import pullback, series
from web.access.policy import AccessPolicy
from web.access.token import Token
from web.main import create_app

TOKEN = "correct-horse-battery-staple"  # noqa: S105


class FewEvents:
    """A push whose streams end: a client would wait for ever for the end of a real one."""

    def __init__(self) -> None:
        self.hub = SimpleNamespace(closed=False, source=SimpleNamespace(partitions=2))

    def client(self, wanted: object, last_id: str | None) -> "FewEvents":
        return self

    async def events(self) -> AsyncIterator[bytes]:
        yield b"retry: 1000\n\n"


SEED = 14

#: Cases that are made up for each route; those for each bound and each example come on top.
CASES = 20


def filter_query(_: object, query: Mapping[str, str] | None) -> bool:
    """Whether the partitions of `min_position` are among the two that there are: no schema can say how many."""
    named = re.findall(r"(\d+):", str((query or {}).get("min_position", "")))
    return all(int(number) < 2 for number in named)


def wrong(token: str | None) -> tuple[int, list[str]]:
    """How many requests were made, and what is wrong with the answers."""
    reader = FakeReader(series("replay-2024-11-14-1f6a09c3", "AAPL", pullback()))
    # Whatever min_position says has been read: a schema cannot say what has not.
    reader.positions = {0: 10**18, 1: 10**18}
    push: Any = FewEvents()
    access = AccessPolicy(Token(SecretStr(token)) if token else None, Hosts.of(["testserver"]))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    config = SchemathesisConfig.from_dict(
        {
            "headers": headers,
            "seed": SEED,
            # They would depend on which modules other tests have loaded.
            "analysis": {"constants": {"enabled": False}},
            # Beside other tests a machine may be slow to make cases up.
            "suppress-health-check": ["too_slow"],
            "generation": {"max-examples": CASES, "deterministic": True, "database": "none"},
            # Of a cursor no schema can say which were ever given out: another is refused.
            "operations": [
                {
                    "include-name": "GET /signals",
                    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "422"]}},
                }
            ],
        }
    )
    app = create_app(reader, push, access=access)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers=headers, config=config)
    schema.hook(filter_query)
    requests, faults = 0, []
    for event in from_schema(schema).execute():
        if isinstance(event, FatalError):
            raise event.exception
        if isinstance(event, NonFatalError):
            faults.append(f"{event.label}: {event.info.title}: {event.info.message}")
        elif isinstance(event, ScenarioFinished):
            requests += len(event.recorder.interactions)
            for checks in event.recorder.checks.values():
                for check in checks:
                    if check.failure_info is not None:
                        failure = check.failure_info.failure
                        sample = check.failure_info.code_sample
                        faults.append(f"{check.name}: {failure.title}: {failure.message}\n  {sample}")
    return requests, faults


@pytest.mark.parametrize("token", [None, TOKEN], ids=["open", "with a token"])
def test_the_api_does_what_its_schema_says(token: str | None) -> None:
    requests, faults = wrong(token)
    assert requests > 300
    assert not faults, "\n\n".join(dict.fromkeys(faults))
