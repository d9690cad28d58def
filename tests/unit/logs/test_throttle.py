import logging

from app.logs.throttle import LogThrottle


def record(message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("aiokafka.conn", logging.ERROR, __file__, 1, message, values, None)


def test_the_same_message_passes_once_whatever_its_values() -> None:
    once = LogThrottle()
    heard = [once.filter(record("Unable connect to node with id %s", node)) for node in (1, 2, 1)]
    assert heard == [True, False, False]
    assert once.filter(record("Marking the coordinator dead"))


def test_it_passes_again_after_a_while() -> None:
    once = LogThrottle(again=0.0)
    assert once.filter(record("Unable connect"))
    assert once.filter(record("Unable connect"))
