from collections.abc import Sequence

from app.alerts.alert import Alert
from app.alerts.message import AlertMessage
from app.alerts.outbox import DigestLimits, Outbox
from tests.unit.alerts.made import NOW_MS, alert

MINUTE_MS = 60_000


def everything(alerts: Sequence[Alert]) -> int:
    return len(alerts)


def filled(*alerts: Alert, singles: int = 3, most: int = 1000) -> Outbox:
    outbox = Outbox(DigestLimits(singles, 15 * MINUTE_MS, most))
    for each in alerts:
        outbox.add(each)
    return outbox


def numbers(message: AlertMessage | None) -> list[int]:
    assert message is not None
    return [each.offset for each in message.alerts]


def sent(outbox: Outbox, now_ms: int) -> list[tuple[bool, list[int]]]:
    """All messages until nothing waits: whether each is a digest, and its offsets."""
    found = []
    while message := outbox.next(now_ms, everything):
        found.append((message.digest, numbers(message)))
        outbox.remove(message)
    return found


def test_a_few_fresh_ones_go_out_one_by_one() -> None:
    outbox = filled(alert(0), alert(1), alert(2))
    assert sent(outbox, NOW_MS + 2 * MINUTE_MS) == [(False, [0]), (False, [1]), (False, [2])]


def test_many_at_once_are_one_digest() -> None:
    assert sent(filled(*(alert(n) for n in range(4))), NOW_MS) == [(True, [0, 1, 2, 3])]
    assert sent(filled(alert(0), singles=0), NOW_MS) == [(True, [0])]


def test_what_is_old_is_a_digest_however_few_there_are_and_what_is_fresh_is_not_in_it() -> None:
    now = NOW_MS + 16 * MINUTE_MS
    assert sent(filled(alert(0), alert(1), alert(2)), now) == [(True, [0]), (False, [1]), (False, [2])]
    assert sent(filled(alert(0), alert(0, partition=1), alert(2)), now) == [(True, [0, 0]), (False, [2])]


def test_a_digest_holds_what_fits_and_at_least_one() -> None:
    outbox = filled(*(alert(n) for n in range(6)))
    assert numbers(outbox.next(NOW_MS, lambda alerts: 4)) == [0, 1, 2, 3]
    assert numbers(outbox.next(NOW_MS, lambda alerts: 0)) == [0]


def test_what_may_have_been_sent_is_one_message_again_before_all_others() -> None:
    outbox = filled(*(alert(n) for n in range(6)))
    message = outbox.next(NOW_MS, lambda alerts: 2)
    assert message is not None
    outbox.doubt(message)
    again = outbox.next(NOW_MS + 60 * MINUTE_MS, everything)
    assert again is not None
    assert (again.id, again.digest, again.possibly_repeated) == (message.id, True, True)
    assert outbox.uncertain_ends() == {0: 2}
    outbox.remove(again)
    assert outbox.uncertain_ends() == {}
    rest = outbox.next(NOW_MS, everything)
    assert rest is not None
    assert (numbers(rest), rest.possibly_repeated) == ([2, 3, 4, 5], False)


def test_a_single_one_that_may_have_been_sent_stays_single() -> None:
    outbox = filled(alert(0), alert(1))
    message = outbox.next(NOW_MS, everything)
    assert message is not None
    outbox.doubt(message)
    again = outbox.next(NOW_MS + 60 * MINUTE_MS, everything)
    assert again is not None
    assert (numbers(again), again.digest, again.possibly_repeated) == ([0], False, True)


def test_where_each_partition_goes_on() -> None:
    outbox = filled(alert(5, partition=1), alert(2), alert(7, partition=1), alert(3))
    assert outbox.first_offsets() == {0: 2, 1: 5}
    outbox.remove(AlertMessage((alert(5, partition=1),)))
    assert outbox.first_offsets() == {0: 2, 1: 7}
    outbox.drop({1})
    assert (outbox.first_offsets(), len(outbox)) == ({0: 2}, 2)


def test_it_is_full_at_so_many() -> None:
    outbox = filled(alert(0), most=2)
    assert not outbox.is_full
    outbox.add(alert(1))
    assert outbox.is_full
