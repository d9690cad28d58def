from app.kafka.stalls import Offsets, Stall, StallDetector, stall_limit

RAW = ("raw", 0)
SIGNALS = ("signals", 3)


class FakeBroker:
    """A detector with a limit of 30 s, and the time; an answer takes none unless it is said."""

    def __init__(self) -> None:
        self.detector = StallDetector(30)
        self.now = 1000.0

    def say(self, *found: tuple[tuple[str, int], int, int], after: float = 5, took: float = 0) -> list[Stall]:
        asked_at = self.now + after
        self.now = asked_at + took
        self.detector.update({place: Offsets(stable, end) for place, stable, end in found}, asked_at, self.now)
        return self.detector.stalls()


def test_transactions_that_come_and_go_are_no_stall() -> None:
    broker = FakeBroker()
    for offset in range(0, 1000, 10):
        assert broker.say((RAW, offset, offset + 5)) == []
    assert broker.detector.standing() == {RAW: 0}


def test_what_stands_still_is_named_after_the_limit_and_no_longer_when_it_moves() -> None:
    broker = FakeBroker()
    for end in range(10, 17):
        assert broker.say((SIGNALS, 7, end), (RAW, 5, 5)) == []
    assert broker.say((SIGNALS, 7, 20), (RAW, 5, 5)) == [Stall("signals", 3, 7, 20, 35)]
    assert broker.say((SIGNALS, 7, 20), (RAW, 5, 5))[0].seconds == 40
    # It moved, only to wait for another transaction.
    assert broker.say((SIGNALS, 8, 20)) == []
    assert broker.say((SIGNALS, 8, 20), after=30) == []
    assert broker.say((SIGNALS, 20, 20)) == []
    assert broker.detector.standing() == {}


def test_without_an_answer_the_last_one_stays_and_the_time_counts_once_there_is_one() -> None:
    broker = FakeBroker()
    broker.say((RAW, 0, 1))
    assert broker.say(after=600) == []
    assert broker.say((RAW, 0, 1)) == [Stall("raw", 0, 0, 1, 605)]
    assert broker.say(after=600) == [Stall("raw", 0, 0, 1, 605)]


def test_the_time_of_an_answer_that_was_long_in_coming_does_not_count() -> None:
    broker = FakeBroker()
    broker.say((RAW, 0, 1), took=600)
    assert broker.say((RAW, 0, 1), took=600) == []
    assert broker.detector.standing() == {RAW: 5}
    # As after a pause of this process between question and answer, with another transaction since.
    assert broker.say((RAW, 1, 2), took=600) == []
    assert broker.detector.standing() == {RAW: 0}


def test_what_is_not_asked_for_any_more_is_forgotten() -> None:
    broker = FakeBroker()
    broker.say((RAW, 0, 1), (SIGNALS, 0, 1))
    broker.detector.retain({SIGNALS})
    assert broker.say((RAW, 0, 1), (SIGNALS, 0, 1), after=40) == [Stall("signals", 3, 0, 1, 40)]


def test_the_sentence_says_where_how_long_why_and_what_to_do() -> None:
    sentence = Stall("stocks.signals", 3, 1042, 1059, 41.6).sentence
    assert "stocks.signals[3] has stood still at offset 1042 of 1059 for 42 s" in sentence
    assert "every reader of committed records" in sentence
    assert "neither committed nor aborted" in sentence
    assert "forceTerminateTransaction --transactionalId ID`" in sentence
    assert "abort --topic stocks.signals --partition 3 --start-offset 1042`" in sentence


def test_the_limit_leaves_kafka_the_time_to_abort_what_a_killed_worker_left_open() -> None:
    assert stall_limit(15) == 30
