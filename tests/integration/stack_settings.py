"""Settings for the stack of the tests, with topics of a test's own."""

import uuid
from typing import Any

from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from app.kafka.broker import Broker
from app.settings import Settings
from app.stack import StackStatus


def settings_for(status: StackStatus, **changes: Any) -> Settings:
    """Addresses of the stack and a topic prefix that no other test has; `changes` win."""
    own: dict[str, Any] = {
        "kafka_bootstrap": status.kafka,
        "schema_registry_url": status.schema_registry,
        "topic_prefix": f"t{uuid.uuid4().hex[:8]}.",
        "partitions": 2,
    }
    return Settings(_env_file=None, **(own | changes))  # type: ignore[call-arg]


def configure_topic(settings: Settings, topic: str, name: str, value: str) -> None:
    """Change one property of a topic, as an operator would."""
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    broker = Broker(settings)
    broker.admin.incremental_alter_configs([resource])[resource].result(10)
