"""What is wrong with a parameter, in words that a person understands."""

import httpx
import pytest

from web.invalid import known_parameters

LIMIT = "it should be a whole number"
TIME = "it should be a time such as 2024-11-14T14:30:00Z"


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/signals?limit=0", "limit=0: it should be 1 or more."),
        ("/signals?limit=1001", "limit=1001: it should be 1000 or less."),
        ("/signals?limit=ten", f"limit=ten: {LIMIT}."),
        ("/signals?limit=1.5", f"limit=1.5: {LIMIT}."),
        ("/signals?limit=", f"limit=: {LIMIT}."),
        ("/signals?action=BYE", "action=BYE: it should be HOLD, BUY or SELL."),
        ("/signals?transitions=perhaps", "transitions=perhaps: it should be true or false."),
        ("/signals?since=yesterday", f"since=yesterday: {TIME}."),
        ("/signals?since=2024-11-14T25:00:00Z", f"since=2024-11-14T25:00:00Z: {TIME}."),
        ("/signals/AAPL/explain?at=now", f"at=now: {TIME}."),
        ("/symbols?scope=here", "scope=here: it should be all or local."),
        (
            "/signals?simbol=AAPL",
            (
                "simbol=AAPL: there is no such parameter; there are action, cursor, format, latest, "
                "limit, max_lag, min_position, run, scope, since, transitions, until."
            ),
        ),
        ("/signals?Limit=5", "Limit=5: there is no such parameter; did you mean limit?"),
        ("/windows/AAPL?lmit=5", "lmit=5: there is no such parameter; did you mean limit?"),
        ("/dead-letters?newest=5", "newest=5: there is no such parameter; there is limit."),
        ("/market?x=1", "x=1: there is no such parameter, nor any other here."),
        ("/signals/", "symbol=: it should not be empty."),
        (
            "/signals?limit=0&lmit=5",
            "limit=0: it should be 1 or more; lmit=5: there is no such parameter; did you mean limit?",
        ),
        (
            "/signals?cursor=AAPL",
            "cursor=AAPL: it should be a bar's time and a symbol, such as 2024-11-14T15:29:00Z,SPY.",
        ),
    ],
)
async def test_a_sentence_names_the_parameter_and_what_it_should_be(
    client: httpx.AsyncClient, path: str, detail: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


async def test_a_program_reads_each_fault(client: httpx.AsyncClient) -> None:
    faults = (await client.get("/signals?limit=0&action=BUY,BYE")).json()["errors"]
    assert faults == [
        {"parameter": "action", "value": "BYE", "message": "it should be HOLD, BUY or SELL"},
        {"parameter": "limit", "value": "0", "message": "it should be 1 or more"},
    ]


async def test_what_is_long_is_not_said_again_in_full(client: httpx.AsyncClient) -> None:
    (fault,) = (await client.get("/signals", params={"limit": "9" * 5000})).json()["errors"]
    assert len(fault["value"]) == 101
    (fault,) = (await client.get("/signals", params={"l" * 5000: "1"})).json()["errors"]
    assert len(fault["parameter"]) == 100


def test_what_is_no_route_has_no_parameters() -> None:
    assert known_parameters(None) == frozenset()
