"""`make chaos` and `make soak` in small, so that they do not rot: a few faults among bars that end."""

from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from app.serde import Encoder
from tests.chaos.faults import Kind
from tests.chaos.report import summary
from tests.chaos.run import Chaos, Plan
from tests.chaos.tape import Item, Tape
from tests.integration.fixtures_stack import MakeStack
from tests.soak.memory import courses

RECORDS = 2500

KINDS = (Kind.KILL, Kind.LOSE_DISK, Kind.POINT_KILL, Kind.PAUSE, Kind.TERM, Kind.ABORTED, Kind.BROKER_RESTART)


@pytest.mark.timeout(300)
def test_a_few_faults_leave_nothing_wrong(make_stack: MakeStack, tmp_path: Path) -> None:
    said: list[str] = []
    plan = Plan(
        faults=10,
        each_round=10,
        seed=3,
        workers=2,
        rate=500,
        tapes=ending,
        kinds=KINDS,
        spared=frozenset({"w0"}),
        pause=1.0,
        settings={"partitions": 2, "batch_max": 200},
    )
    with closing(Chaos(make_stack(), tmp_path / "chaos", plan, said.append)) as chaos:
        result = chaos.run()
    assert result.problems == [], "\n".join([*said, *result.problems])
    assert result.faults.total() >= 3
    assert sum(each.records for each in result.rounds) == RECORDS
    assert sum(each.poisoned for each in result.rounds) > 0
    assert courses(result.footprints)
    assert "0 problems" in summary(result)


def ending(run_id: str, encoder: Encoder, seed: int) -> Callable[[], Item | None]:
    tape = Tape(run_id, [f"S{number:04d}" for number in range(20)], encoder, seed)
    numbers = count()
    return lambda: tape.next() if next(numbers) < RECORDS else None
