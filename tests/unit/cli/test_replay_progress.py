from app.cli.replay_progress import cut_short
from app.producer.pace import AsFastAsPossible
from app.producer.runner import Runner
from tests.unit.producer.doubles import ListSource, Outbox


class Arriving(Outbox):
    """Of what was taken, all but some have arrived."""

    def __init__(self, missing: int) -> None:
        super().__init__()
        self._missing = missing

    def flush(self, given_up: object) -> None:
        self.acknowledged = len(self.taken) - self._missing


def ended(missing: int) -> Runner:
    runner = Runner(ListSource(5), lambda: Arriving(missing), pace=AsFastAsPossible(), clock=lambda: 0.0, patient=False)
    runner.start()
    assert runner.wait(10)
    return runner


def test_an_end_at_once_says_what_is_certain_and_how_to_go_on() -> None:
    assert cut_short(ended(missing=2)) == (
        "Stopped at once: 5 of 5 bars sent, 2 of them may or may not have arrived. "
        "With --run-id replay-2024-11-14-deadbeef the same command goes on with this run: what is there already is a "
        "duplicate, or `stale`, and changes nothing."
    )
    assert "5 of 5 bars sent, all of them arrived." in cut_short(ended(missing=0))
