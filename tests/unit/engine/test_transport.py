import pytest
from faust.transport import by_url

from app.engine.app import BatchApp
from app.engine.consumer import BatchConsumer
from app.engine.fetcher import BatchFetcher
from app.engine.transport import Transport


@pytest.mark.parametrize("url", ["kafka-batched://127.0.0.1:1", "kafka-batched://a:1;kafka-batched://b:2"])
def test_faust_finds_the_transport_by_its_url(url: str) -> None:
    assert by_url(url.split(";")[0]) is Transport


def test_the_app_consumes_batches(app: BatchApp) -> None:
    assert isinstance(app.transport, Transport)
    assert isinstance(app.consumer, BatchConsumer)
    assert isinstance(app.batch_consumer.fetcher, BatchFetcher)
