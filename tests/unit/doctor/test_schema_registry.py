"""The registry's schemas beside ours."""

from typing import cast

import pytest

from app.avro.registry import Registered, Registry, RegistryUnavailable
from app.doctor.finding import Finding
from app.doctor.schema_registry import check_registry
from app.settings import Settings
from tests.unit.doctor.memory_registry import BARS, SIGNALS, MemoryRegistry


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


async def found(ours: Settings, registry: MemoryRegistry) -> list[Finding]:
    return [finding async for finding in check_registry(ours, cast(Registry, registry))]


async def test_schemas_that_are_ours(ours: Settings, registry: MemoryRegistry) -> None:
    assert await found(ours, registry) == [
        Finding("ok", "registry", "answers at http://registry"),
        Finding("ok", "schemas", f"{BARS}: version 3 is ours (id 1)"),
        Finding("ok", "schemas", f"{SIGNALS}: version 2 is ours (id 2)"),
    ]


async def test_one_that_is_not_registered_yet(ours: Settings, registry: MemoryRegistry) -> None:
    del registry.newest[BARS]
    _, bars, _ = await found(ours, registry)
    assert (bars.level, bars.message) == ("warning", f"{BARS}: not registered yet")
    assert bars.fix == "worker and producer do so when they start"


@pytest.mark.parametrize("ours_may_follow", [True, False])
async def test_another_schema_is_broken_only_where_ours_may_not_follow_it(
    ours: Settings, registry: MemoryRegistry, ours_may_follow: bool
) -> None:
    registry.newest[SIGNALS] = Registered(7, 9, {"type": "record", "name": "Other", "fields": []})
    registry.takes = {SIGNALS} if ours_may_follow else set()
    *_, signals = await found(ours, registry)
    if ours_may_follow:
        assert (signals.level, signals.message) == (
            "warning",
            f"{SIGNALS}: version 9 is another than ours, and ours may follow it",
        )
    else:
        assert (signals.level, signals.message) == ("broken", f"{SIGNALS}: ours is not compatible with version 9")
        assert signals.fix == "another program owns this subject: choose another TOPIC_PREFIX"


async def test_one_that_does_not_answer_is_an_error(ours: Settings, registry: MemoryRegistry) -> None:
    registry.fault = RegistryUnavailable("No registry answers")
    with pytest.raises(RegistryUnavailable):
        await found(ours, registry)
