"""Prepares everything that must exist before the first bar is sent."""

import asyncio

from app.avro.serde import Encoder
from app.kafka.acls import ROLES
from app.kafka.broker import Broker
from app.kafka.clients import endpoints, producer_config, registry
from app.kafka.topic_admin import ensure_topics, require_rights
from app.kafka.topics import topics
from app.logs.traces import Traces
from app.producer.bar_producer import BarProducer
from app.producer.sent_bars import SentBars
from app.settings import Settings
from app.sources.base import Source
from app.sources.local_only import refuse_remote


def connect(
    settings: Settings,
    source: Source,
    *,
    give_up_after_s: float | None = None,
    sent_bars: SentBars | None = None,
    traces: Traces | None = None,
    role: str = "producer",
) -> BarProducer:
    """A producer for the source's bars: topics made, schema registered.

    `role` says which rights are needed (app/kafka/acls.py); NotAllowed is raised where some are missing.

    Raises BrokerUnavailable, RegistryUnavailable and ClusterMissing, after which it can be called again; SourceError
    when the source's bars do not belong on that broker; other StocksErrors when topics or schemas are not as needed.
    """
    if source.origin == "synthetic":
        refuse_remote(endpoints(settings).kafka, settings.synthetic_brokers)
    require_rights(Broker(settings), ROLES[role](settings))
    ensure_topics(settings)
    raw = topics(settings).raw
    encoder = Encoder("bar")
    asyncio.run(encoder.register(registry(settings), raw.subject))
    return BarProducer(
        producer_config(settings),
        raw.name,
        encoder.encode,
        give_up_after_s=give_up_after_s,
        sent_bars=sent_bars,
        sending=traces.sending(raw.name) if traces else None,
    )
