"""A log with markers between its records, a consumer, an agent and a committer, in any order and at once."""

import random
from queue import Empty, Queue
from threading import Event, Thread

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.engine.batch import Batch
from app.engine.offset_tracker import OffsetTracker
from tests.unit.engine.made import SOURCE, Rec, records


class Reading(RuleBasedStateMachine):
    """Every record is either processed before the committed offset passes it, or still to be fetched."""

    @initialize(log=st.lists(st.booleans(), min_size=1, max_size=60))
    def start(self, log: list[bool]) -> None:
        self.log = log  # True where there is a record, False for a marker
        self.position = 0
        self.queue: list[Batch] = []
        self.begun: list[Batch] = []
        self.processed: set[int] = set()
        self.tracker = OffsetTracker(SOURCE)
        self.tracker.seek(0)
        self.sought = 0

    def taken(self, count: int) -> list[Rec]:
        """What a fetch takes, the position moving behind it; markers that follow are passed over too."""
        offsets: list[int] = []
        while self.position < len(self.log) and (len(offsets) < count or not self.log[self.position]):
            if self.log[self.position]:
                offsets.append(self.position)
            self.position += 1
        return records(*offsets)

    @rule(count=st.integers(1, 5))
    def fetch(self, count: int) -> None:
        fetched = self.taken(count)
        if not fetched:
            self.tracker.skip(self.position)
            return
        batch = self.tracker.fetch(fetched, self.position)
        assert batch is not None
        self.queue.append(batch)

    @precondition(lambda self: self.queue)
    @rule()
    def begin(self) -> None:
        batch = self.queue.pop(0)
        if self.tracker.begin(batch):
            self.begun.append(batch)

    @precondition(lambda self: self.begun)
    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        batch = self.begun.pop(data.draw(st.integers(0, len(self.begun) - 1)))
        self.processed.update(record.offset for record in batch.records)
        batch.acked = True

    @rule(data=st.data())
    def seek(self, data: st.DataObject) -> None:
        """To where the state ends, as after a rebalance: never beyond a record that is not processed."""
        self.sought = self.position = data.draw(st.integers(0, self.first_unprocessed()))
        self.tracker.seek(self.sought)

    def first_unprocessed(self) -> int:
        missing = (i for i, is_record in enumerate(self.log) if is_record and i not in self.processed)
        return next(missing, len(self.log))

    @invariant()
    def nothing_unprocessed_is_committed(self) -> None:
        if hasattr(self, "tracker"):
            committed = self.tracker.committable()
            assert committed is not None
            assert self.sought <= committed <= self.position
            assert committed <= self.first_unprocessed()

    def teardown(self) -> None:
        """In the end everything is processed and the committed offset is that of the end, markers included."""
        if not hasattr(self, "tracker"):
            return
        while self.position < len(self.log):
            self.fetch(3)
        for batch in [*self.begun, *(batch for batch in self.queue if self.tracker.begin(batch))]:
            self.processed.update(record.offset for record in batch.records)
            batch.acked = True
        assert self.first_unprocessed() == len(self.log)
        assert self.tracker.committable() == len(self.log)


TestReading = Reading.TestCase
TestReading.settings = settings(max_examples=60)


def test_a_thread_that_fetches_and_one_that_processes_lose_nothing() -> None:
    end, seeks = 4000, 25
    choice = random.Random(7)
    tracker = OffsetTracker(SOURCE)
    tracker.seek(0)
    queue: Queue[Batch] = Queue()
    targets: Queue[int] = Queue()
    done = Event()

    def fetching() -> None:
        position = 0
        while not done.is_set():
            try:
                position = targets.get_nowait()
                tracker.seek(position)
            except Empty:
                pass
            if position == end:
                tracker.skip(end)
                continue
            following = min(position + choice.randint(1, 4), end)
            # The last offset of each fetch is a marker where there is more than one.
            batch = tracker.fetch(records(*range(position, max(following - 1, position + 1))), following)
            assert batch is not None
            position = following
            queue.put(batch)

    thread = Thread(target=fetching)
    thread.start()
    processed: list[int] = []
    state = 0
    try:
        # A seek may take effect late: then what follows it comes again.
        while tracker.committable() != end:
            batch = queue.get(timeout=10)
            if tracker.begin(batch):
                assert batch.start <= state
                processed += [record.offset for record in batch.records if record.offset >= state]
                state = max(state, batch.end)
                if seeks and choice.random() < 0.02:
                    seeks -= 1
                    targets.put(state)
                batch.acked = True
            committed = tracker.committable()
            assert committed is not None
            assert committed <= state
    finally:
        done.set()
        thread.join()
    assert state == end
    assert processed == sorted(set(processed))
