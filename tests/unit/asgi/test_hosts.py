"""By what names an API may be asked."""

import pytest

from app.asgi.hosts import HostCheck, Hosts
from tests.unit.asgi.asking import ask, hello

HERE = Hosts.of(["127.0.0.1", "trader-7.example", "fe80::1"])


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8001",
        "LocalHost:1",
        "localhost.",
        "localhost.:8001",
        "localhost:",
        "127.0.0.1",
        "127.0.0.1:65535",
        "[::1]",
        "[::1]:8001",
        "[0:0:0:0:0:0:0:1]:8001",
        "trader-7.example",
        "TRADER-7.example:80",
        "[fe80::1]",
    ],
)
def test_names_of_this_machine_with_any_port(host: str) -> None:
    assert HERE.allow(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        ":8001",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8001",
        "user@localhost",
        "localhost@evil.example",
        "localhost:8001@evil.example",
        "localhost:port",
        "localhost:99999",
        "localhost:-1",
        "localhost, evil.example",
        "localhost evil.example",
        " localhost",
        "localhost/",
        "http://localhost",
        "::1",
        "[::1",
        "[::1]x",
        "[::1%25lo]",
        "[evil]",
        "localhost..",
        "127.1",
        "2130706433",
        "0x7f000001",
        "127.0.0.2",
        "locaIhost",
        "localhost\x00",
        "löcalhost",
    ],
)
def test_all_else_is_refused(host: str) -> None:
    assert not HERE.allow(host)


@pytest.mark.parametrize(
    ("host", "right"),
    [("192.0.2.7:8001", True), ("[2001:db8::7]", True), ("worker:8001", True), ("evil.example", False), ("", False)],
)
def test_where_anyone_may_ask_addresses_and_names_without_a_dot_are_fine_too(host: str, right: bool) -> None:
    assert Hosts.of([], nearby=True).allow(host) is right


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("host", "localhost")], 200),
        ([("host", "evil.example")], 421),
        ([("host", "localhost"), ("host", "evil.example")], 421),
        ([("host", "localhost"), ("host", "localhost")], 421),
        # HTTP/1.0 may leave it out; no browser does.
        ([], 421),
        ([("x-forwarded-host", "localhost")], 421),
        ([("host", "evil.example"), ("x-forwarded-host", "localhost")], 421),
    ],
)
async def test_one_host_that_is_known_and_no_other(headers: list[tuple[str, str]], status: int) -> None:
    answer = await ask(HostCheck(hello, HERE, "API_HOSTS"), "/", headers)
    assert answer.status == status
    if status == 421:
        assert b"API_HOSTS" in answer.body
