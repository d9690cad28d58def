import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from app.kafka.local_cluster import HOST, Ports, cluster_id, listens, local_endpoints, registry_answers
from tests.harness.http_server import serving


class Schemas(BaseHTTPRequestHandler):
    """A registry that answers with the status of its server."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/apis/ccompat/v7/subjects" else 404)
        self.end_headers()


@pytest.fixture
def registry() -> Iterator[int]:
    with serving(Schemas) as port:
        yield port


@pytest.fixture
def closed() -> int:
    """A port on which nothing listens."""
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


def test_ports_are_saved(tmp_path: Path) -> None:
    assert Ports.load(tmp_path) is None
    Ports(1, 2, 3).save(tmp_path)
    assert Ports.load(tmp_path) == Ports(1, 2, 3)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"other": 1}'])
def test_a_file_that_cannot_be_read_is_as_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text(content)
    assert Ports.load(tmp_path) is None


def test_without_ports_there_is_no_local_stack(tmp_path: Path) -> None:
    assert local_endpoints(tmp_path) is None


def test_a_stack_whose_broker_has_gone_has_no_addresses(tmp_path: Path, registry: int, closed: int) -> None:
    Ports(closed, registry).save(tmp_path)
    assert local_endpoints(tmp_path) is None


def test_the_registry_answers(registry: int, closed: int) -> None:
    assert registry_answers(Ports(closed, registry))
    assert not registry_answers(Ports(registry, closed))


def test_the_cluster_is_that_of_the_data(tmp_path: Path) -> None:
    assert cluster_id(tmp_path) is None
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "meta.properties").write_text("#\nversion=1\ncluster.id=one\n")
    assert cluster_id(tmp_path) == "one"


def test_a_port_is_listened_on(registry: int, closed: int) -> None:
    assert listens(registry)
    assert not listens(closed)
