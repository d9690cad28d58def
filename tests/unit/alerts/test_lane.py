"""A lane with a reader and a destination that do what the test says; time does not pass by itself."""

import threading
from collections.abc import Callable

import pytest

from app.alerts.alert_progress import CommittedPlace
from app.alerts.destination import AlertNotSent
from app.alerts.inbox import Received
from app.alerts.lane import Lane
from app.alerts.message import AlertMessage
from app.alerts.outbox import DigestLimits
from app.alerts.rate_limit import RateLimit
from app.alerts.rules import Rules
from app.settings.quiet_hours import QuietHours
from tests.unit.alerts.lane_bench import FakeTopic, Killed, ManualClock, Target, TopicInbox, run
from tests.unit.alerts.made import NOW_MS, signal


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_alerts_arrive_in_order_and_are_committed_after_that(clock: ManualClock) -> None:
    topic = FakeTopic(signal(0), signal(1, transition=False), signal(2))
    target = Target()
    run(topic, target, clock)
    assert (target.offsets, target.repeated) == ([[0], [2]], [False, False])
    assert topic.committed == CommittedPlace(3)
    assert topic.history.index(CommittedPlace(0, "sending until 1")) < topic.history.index(CommittedPlace(2))


def test_a_target_that_is_away_gets_it_all_later_in_a_digest_and_nothing_is_doubtful(clock: ManualClock) -> None:
    topic = FakeTopic(*(signal(number) for number in range(6)))
    target = Target(*(AlertNotSent("no connection") for _ in range(40)))
    run(topic, target, clock, seconds=3600)
    assert (target.offsets, target.repeated) == ([[0, 1, 2, 3, 4, 5]], [False])
    assert topic.committed == CommittedPlace(6)


def test_while_it_is_away_nothing_is_noted_as_sent(clock: ManualClock) -> None:
    topic = FakeTopic(signal())
    run(topic, Target(*(AlertNotSent("no connection") for _ in range(1000))), clock, seconds=300)
    assert topic.committed == CommittedPlace(0)
    again = Target()
    run(topic, again, clock)
    assert again.repeated == [False]


def test_attempts_are_further_and_further_apart_up_to_a_minute(clock: ManualClock) -> None:
    target = Target(*(AlertNotSent("no connection") for _ in range(10_000)))
    run(FakeTopic(signal()), target, clock, seconds=3600)
    attempts = 10_000 - len(target.answers)
    assert 60 <= attempts <= 400


def test_what_the_target_asks_to_wait_is_waited(clock: ManualClock) -> None:
    target = Target(*(AlertNotSent("answered 429", retry_after_s=300) for _ in range(100)))
    run(FakeTopic(signal()), target, clock, seconds=3600)
    assert 11 <= 100 - len(target.answers) <= 13


def test_an_answer_that_leaves_it_open_is_followed_by_the_same_message_marked(clock: ManualClock) -> None:
    topic = FakeTopic(*(signal(number) for number in range(6)))
    target = Target(AlertNotSent("answered 500", uncertain=True))
    run(topic, target, clock)
    assert target.offsets == [[0, 1, 2, 3, 4, 5]] * 2
    assert target.repeated == [False, True]
    assert target.messages[0].id == target.messages[1].id
    assert topic.committed == CommittedPlace(6)


def test_killed_while_sending_one_is_repeated_and_marked_and_none_is_lost(clock: ManualClock) -> None:
    topic = FakeTopic(signal(0), signal(1))
    target = Target(Killed())
    run(topic, target, clock)
    assert topic.committed == CommittedPlace(0, "sending until 1")
    run(topic, target, clock)
    assert (target.offsets, target.repeated) == ([[0], [0], [1]], [False, True, False])


def test_killed_while_sending_a_digest_the_same_digest_is_sent_although_more_have_come(clock: ManualClock) -> None:
    topic = FakeTopic(*(signal(number) for number in range(5)))
    target = Target(Killed())
    run(topic, target, clock)
    topic.signals += [signal(number) for number in range(5, 12)]
    run(topic, target, clock, seconds=200)
    assert target.offsets == [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10, 11]]
    assert target.repeated == [False, True, False]
    assert target.messages[0].id == target.messages[1].id


def test_killed_again_and_again_each_repeat_is_marked(clock: ManualClock) -> None:
    topic, target = FakeTopic(signal(0), signal(1)), Target(Killed(), Killed(), Killed())
    for _ in range(4):
        run(topic, target, clock)
    assert target.offsets == [[0], [0], [0], [0], [1]]
    assert target.repeated == [False, True, True, True, False]


def test_killed_before_it_could_say_that_it_sends_nothing_is_sent(clock: ManualClock) -> None:
    topic, target = FakeTopic(signal(0)), Target()
    topic.refuse_commits = 100_000
    run(topic, target, clock, seconds=30)
    assert target.messages == []
    topic.refuse_commits = 0
    run(topic, target, clock)
    assert (target.offsets, target.repeated) == ([[0]], [False])


def test_a_commit_that_fails_after_the_answer_is_made_later(clock: ManualClock) -> None:
    topic = FakeTopic(signal(0))

    class ThenAway(Target):
        def send(self, message: AlertMessage, now_ms: int) -> None:
            super().send(message, now_ms)
            topic.refuse_commits = 2

    target = ThenAway()
    run(topic, target, clock, seconds=30)
    assert (target.offsets, topic.committed) == ([[0]], CommittedPlace(1))


def test_only_so_many_a_minute_and_the_rest_becomes_a_digest(clock: ManualClock) -> None:
    topic = FakeTopic(*(signal(number) for number in range(3)))
    target = Target()
    run(topic, target, clock, seconds=30, per_minute=2)
    assert target.offsets == [[0], [1]]
    run(topic, target, clock, seconds=90, per_minute=2)
    assert target.offsets == [[0], [1], [2]]


def test_in_quiet_hours_nothing_is_sent_and_a_digest_follows(clock: ManualClock) -> None:
    quiet = QuietHours.parse("14:00-15:00 UTC")  # It is 14:31.
    topic, target = FakeTopic(signal(0), signal(1)), Target()
    run(topic, target, clock, seconds=28 * 60, quiet=quiet)
    assert (target.messages, topic.committed) == ([], CommittedPlace(0))
    run(topic, target, clock, seconds=120, quiet=quiet)
    assert [(message.digest, len(message.alerts)) for message in target.messages] == [(True, 2)]


def test_memory_is_bounded_while_a_target_is_away(clock: ManualClock) -> None:
    topic = FakeTopic(*(signal(number) for number in range(50)))
    target = Target(*(AlertNotSent("no connection") for _ in range(5)))
    inbox = run(topic, target, clock, seconds=300, limits=DigestLimits(most=10))
    assert sorted(offset for message in target.offsets for offset in message) == list(range(50))
    assert max(len(message) for message in target.offsets) <= 11
    assert not inbox.paused


def test_what_was_sent_before_the_start_is_known(clock: ManualClock) -> None:
    topic, target = FakeTopic(signal(0)), Target()
    run(topic, target, clock)
    topic.signals += [signal(0), signal(0, action="HOLD", transition=False, revision=1)]
    run(topic, target, clock)
    assert target.offsets == [[0], [2]], "the repeat is not sent, and the correction withdraws"
    assert target.messages[1].alerts[0].kind == "withdrawn"


@pytest.mark.parametrize("refused", [0, 4])
def test_a_partition_that_goes_and_comes_back_is_read_again(clock: ManualClock, refused: int) -> None:
    """Also when the broker takes no offsets for a while after a message arrived."""
    topic = FakeTopic(signal(0), signal(1))

    class Rebalancing(Target):
        refused: int = 0

        def send(self, message: AlertMessage, now_ms: int) -> None:
            super().send(message, now_ms)
            topic.refuse_commits, self.refused = self.refused, 0

    class Inbox(TopicInbox):
        def read(self, seconds: float) -> list[Received]:
            self.times = getattr(self, "times", 0) + 1
            if self.times in (3, 12):
                self.lost({0})
                self.rebalance()
            return super().read(seconds)

    stop, target = threading.Event(), Rebalancing()
    target.refused = refused

    def idle() -> None:
        clock.now += 0.1
        if clock.now > NOW_MS / 1000 + 60:
            stop.set()

    def open_inbox(lost: Callable[[set[int]], None]) -> TopicInbox:
        return Inbox(topic, lost, idle)

    rate = RateLimit(20, clock.time)
    Lane(target, open_inbox, Rules(), DigestLimits(), rate, None, stop, clock.time, clock.time).run()
    assert (target.offsets, target.repeated) == ([[0], [1]], [False, False])
    assert topic.committed == CommittedPlace(2)
