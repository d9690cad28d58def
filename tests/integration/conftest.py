"""Fixtures of the integration tests."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.integration.deployment import Deployment
from tests.integration.fixtures_stack import LocalStack, make_stack, stack
from tests.integration.own_broker import make_broker

__all__ = ["make_broker", "make_stack", "stack"]

Deploy = Callable[..., Deployment]

_numbers = count(1)


@pytest.fixture
def deploy(stack: LocalStack, tmp_path: Path) -> Iterator[Deploy]:
    """Makes deployments on the session's stack: deploy(partitions=1, …) with settings by their names."""
    made: list[Deployment] = []

    def make(**settings: Any) -> Deployment:
        status = stack.status
        deployment = Deployment(status.kafka, status.schema_registry, tmp_path, f"test{next(_numbers)}", **settings)
        made.append(deployment)
        return deployment

    yield make
    for deployment in made:
        deployment.close()
