from faust.types import TP

from app.engine.batch import Batch
from tests.unit.engine.made import batch, records


def test_a_batch_knows_its_partition() -> None:
    assert Batch(TP("stocks.raw.avro", 3), records(7), 5, 8, epoch=1).partition == 3


def test_a_batch_begins_unacked() -> None:
    assert not batch(0, 10).acked


def test_batches_of_the_same_records_are_not_the_same_batch() -> None:
    assert batch(0, 10) != batch(0, 10)
