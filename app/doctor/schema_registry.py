"""Whether the registry answers, and has our schemas."""

from collections.abc import AsyncIterator

import schemas
from app.avro.registry import Registry
from app.doctor.finding import Finding
from app.kafka.topics import topics
from app.settings import Settings


async def check_registry(settings: Settings, registry: Registry) -> AsyncIterator[Finding]:
    """Each subject's newest schema against ours; raises RegistryUnavailable."""
    await registry.check()
    subjects = {topic.subject: topic.schema for topic in topics(settings) if topic.schema}
    found = {subject: await registry.latest(subject) for subject in subjects}
    yield Finding("ok", "registry", f"answers at {registry.url}")
    for subject, latest in found.items():
        ours = schemas.load(subjects[subject])
        if latest is None:
            message = f"{subject}: not registered yet"
            yield Finding("warning", "schemas", message, "worker and producer do so when they start")
        elif latest.schema == ours:
            yield Finding("ok", "schemas", f"{subject}: version {latest.version} is ours (id {latest.schema_id})")
        elif await registry.compatible(subject, ours):
            message = f"{subject}: version {latest.version} is another than ours, and ours may follow it"
            yield Finding("warning", "schemas", message, "worker and producer register ours when they start")
        else:
            message = f"{subject}: ours is not compatible with version {latest.version}"
            yield Finding(
                "broken", "schemas", message, "another program owns this subject: choose another TOPIC_PREFIX"
            )
