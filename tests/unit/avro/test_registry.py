from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.avro.registry import Registry, RegistryUnavailable, UnknownSchema

URL = "http://registry"


class Client:
    """A registry's client; `before_subjects` happens just before the registry names its subjects."""

    url = URL

    def __init__(self) -> None:
        self.schemas: dict[int, str] = {}

    def before_subjects(self) -> None:
        pass

    async def get_by_id(self, schema_id: int) -> Any:
        schema = self.schemas.get(schema_id)
        return schema and SimpleNamespace(raw_schema=schema)

    async def get_subjects(self) -> list[str]:
        self.before_subjects()
        return [f"subject {schema_id}" for schema_id in self.schemas]


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def registry(client: Client) -> Registry:
    return Registry(cast(Any, client))


async def test_a_schema_that_is_registered_while_it_is_asked_for_is_known(client: Client, registry: Registry) -> None:
    """A registry that lost its data says first that it has no such schema, and a moment later has subjects."""
    client.before_subjects = lambda: client.schemas.update({1: "bar"})  # type: ignore[method-assign]
    assert await registry.fetch_schema(1) == "bar"


async def test_a_registry_without_any_schema_has_lost_them(registry: Registry) -> None:
    with pytest.raises(RegistryUnavailable, match="knows no schema at all"):
        await registry.fetch_schema(1)


async def test_one_with_others_does_not_know_this_one(client: Client, registry: Registry) -> None:
    client.schemas[2] = "bar"
    with pytest.raises(UnknownSchema, match=f"the registry at {URL} has no schema with id 1"):
        await registry.fetch_schema(1)
