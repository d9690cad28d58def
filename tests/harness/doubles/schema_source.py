"""A registry in memory: ids from 1, in the order of registration."""

from collections.abc import Mapping
from typing import Any

from app.avro.registry import RegistryUnavailable, UnknownSchema


class SchemasInMemory:
    """Counts what it is asked; `reachable = False` makes it fail as a registry that is down does."""

    def __init__(self) -> None:
        self.schemas: dict[int, Any] = {}
        self.asked: list[int] = []
        self.reachable = True

    async def fetch_schema(self, schema_id: int) -> Any:
        self.asked.append(schema_id)
        if not self.reachable:
            raise RegistryUnavailable("down")
        if schema_id not in self.schemas:
            raise UnknownSchema(f"no schema with id {schema_id}")
        return self.schemas[schema_id]

    async def register(self, subject: str, schema: Mapping[str, Any]) -> int:
        if not self.reachable:
            raise RegistryUnavailable("down")
        return self.add(schema)

    def add(self, schema: Any) -> int:
        schema_id = len(self.schemas) + 1
        self.schemas[schema_id] = schema
        return schema_id
