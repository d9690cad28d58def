import os
import socket
from collections.abc import Iterator
from dataclasses import astuple

import pytest

from app.kafka.local_cluster import HOST, Ports
from app.stack.errors import StackError
from app.stack.ports import any_free_port, choose_ports, free_ports, is_free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as server:
        yield int(server.getsockname()[1])


def test_a_port_given_is_used() -> None:
    kafka, registry = free_ports(2)
    chosen = choose_ports(None, kafka, registry, with_sasl=False)
    assert (chosen.kafka, chosen.schema_registry, chosen.kafka_sasl) == (kafka, registry, None)


def test_a_port_given_but_taken_is_an_error_with_its_owner_and_the_fix(taken: int) -> None:
    with pytest.raises(StackError, match=rf"Port {taken} is taken by process {os.getpid()} .*\n.*set KAFKA_PORT to"):
        choose_ports(None, taken, None, with_sasl=False)
    with pytest.raises(StackError, match="set SCHEMA_REGISTRY_PORT to"):
        choose_ports(None, None, taken, with_sasl=False)


def test_one_port_for_both_is_an_error() -> None:
    port = any_free_port()
    with pytest.raises(StackError, match=f"are both {port}"):
        choose_ports(None, port, port, with_sasl=False)


def test_the_last_ports_are_preferred() -> None:
    last = Ports(*free_ports(2))
    chosen = choose_ports(last, None, None, with_sasl=False)
    assert (chosen.kafka, chosen.schema_registry) == (last.kafka, last.schema_registry)


def test_a_last_port_that_is_taken_is_replaced(taken: int) -> None:
    chosen = choose_ports(Ports(taken, any_free_port()), None, None, with_sasl=False)
    assert chosen.kafka != taken
    assert is_free(chosen.kafka)


def test_no_port_is_chosen_twice() -> None:
    # The system may well give out a port again as soon as it is let go.
    for _ in range(200):
        chosen = choose_ports(Ports(*free_ports(2)), None, None, with_sasl=True)
        assert chosen.kafka_sasl
        assert len(set(astuple(chosen))) == 5


def test_a_port_is_free_while_nothing_listens(taken: int) -> None:
    assert not is_free(taken)
    assert is_free(any_free_port())
