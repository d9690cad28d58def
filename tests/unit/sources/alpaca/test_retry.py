import random

from app.sources.alpaca.retry import pause_s


def test_pauses_double_up_to_half_a_minute() -> None:
    rng = random.Random(1)
    for failures, longest in ((1, 0.5), (2, 1.0), (4, 4.0), (7, 30.0), (10_000, 30.0)):
        pauses = [pause_s(failures, rng) for _ in range(200)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest


def test_clients_that_failed_together_do_not_come_back_together() -> None:
    assert pause_s(3, random.Random(1)) != pause_s(3, random.Random(2))
