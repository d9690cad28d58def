"""Server-sent events as bytes."""

from tests.unit.web.stream.made import RUN, MemoryTopic
from web.stream.events import make_json, own_events, shared_events
from web.stream.filter import StreamFilter
from web.stream.signal_batch import SignalBatch


def test_a_batch_that_is_cooled_once_its_json_is_made_is_sent_all_the_same() -> None:
    topic = MemoryTopic()
    records = [topic.add() for _ in range(3)]
    batch = SignalBatch(records, (0, 0), (3, 0), (0, RUN))
    wanted, indexes = StreamFilter(RUN), [0, 1, 2]
    made = make_json(topic, batch, indexes)
    sent = shared_events(batch, wanted, indexes, made), own_events(batch, (1, 0), wanted, [1, 2], made)
    made = make_json(topic, batch, indexes)
    batch.cool()
    assert (
        shared_events(batch, wanted, indexes, made),
        own_events(batch, (1, 0), wanted, [1, 2], made),
    ) == sent
    assert sent[0].count(b"event: signal") == 3
