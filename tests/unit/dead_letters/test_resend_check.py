import pytest

from app.avro.serde import Encoder, Poison
from app.dead_letters.resend_check import ResendCheck
from app.dead_letters.resend_verdict import ResendChance
from app.kafka.topics import topics
from app.settings import Settings
from tests.bars import make_bar
from tests.harness.doubles.schema_source import SchemasInMemory
from tests.unit.dead_letters.made import letter

TOPICS = topics(Settings(_env_file=None))  # type: ignore[call-arg]


async def test_it_reads_as_the_worker_does_with_the_registry_as_it_is_now() -> None:
    registry = SchemasInMemory()
    encoder = Encoder("bar")
    await encoder.register(registry, "bars")
    schema = registry.schemas.pop(1)
    value = encoder.encode(make_bar(0, 10.0))
    unknown = letter(reason="unknown_schema", value=value)
    mismatched = letter(reason="key_mismatch", value=value, key=b"SPY")
    garbage = letter()

    before = ResendCheck(registry, TOPICS)
    await before.prepare([unknown, mismatched, garbage])
    verdicts = [before.verdict(each) for each in (unknown, mismatched, garbage)]
    assert {verdict.chance for verdict in verdicts} == {ResendChance.NONE}
    assert verdicts[0].why.startswith("unknown_schema: ")
    with pytest.raises(Poison):
        before.decode(garbage)

    registry.schemas[1] = schema
    after = ResendCheck(registry, TOPICS)
    await after.prepare([unknown, mismatched])
    assert after.verdict(unknown).chance is ResendChance.GOOD
    assert after.decode(unknown)["symbol"] == "AAPL"
    assert after.verdict(mismatched).why.startswith("key_mismatch: ")
