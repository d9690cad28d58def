import re
from importlib.metadata import version

import httpx
import pytest

from tests.unit.web.fake import FakeReader
from web.reader import Readiness

RECOVERING = Readiness(recovering=True, reasons=("Partition 2 is at 10 of 50 records.",), retry_after=3)
DEGRADED = Readiness(reasons=("The broker does not answer.",))


@pytest.mark.parametrize(("state", "status"), [(Readiness(), "ok"), (RECOVERING, "recovering"), (DEGRADED, "degraded")])
async def test_health_is_200_whatever_the_state(
    client: httpx.AsyncClient, reader: FakeReader, state: Readiness, status: str
) -> None:
    reader.state = state
    answer = await client.get("/health")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["reasons"], body["version"]) == (
        status,
        list(state.reasons),
        version("stock-signals"),
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["started_at"])
    assert 0 <= body["uptime_seconds"] < 60


async def test_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "reasons": [], "deployment": None, "dead_letters": {}},
    )


async def test_dead_letters_are_told_and_no_reason_not_to_be_ready(
    client: httpx.AsyncClient, reader: FakeReader
) -> None:
    reader.state = Readiness(deployment="stock-signals on cluster one", dead_letters={"stale": 3})
    answer = await client.get("/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "reasons": [],
        "deployment": "stock-signals on cluster one",
        "dead_letters": {"stale": 3},
    }


@pytest.mark.parametrize("state", [RECOVERING, DEGRADED])
async def test_not_ready_says_why(client: httpx.AsyncClient, reader: FakeReader, state: Readiness) -> None:
    reader.state = state
    answer = await client.get("/ready")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, str(state.retry_after))
    body = answer.json()
    assert (body["ready"], body["reasons"]) == (False, list(state.reasons))


async def test_recovering_is_not_ready_even_without_a_reason() -> None:
    assert not Readiness(recovering=True).ready
