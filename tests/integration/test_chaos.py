"""`make chaos` and `make soak` in small, so that they do not rot."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.harness.chaos.chaos_faults import FaultKind
from tests.harness.chaos.chaos_plan import ChaosPlan, endless
from tests.harness.chaos.report import summary
from tests.harness.chaos.run import Chaos
from tests.integration.fixtures_stack import MakeStack

FAULTS = 4
KINDS = (
    FaultKind.KILL,
    FaultKind.LOSE_DISK,
    FaultKind.POINT_KILL,
    FaultKind.PAUSE,
    FaultKind.TERM,
    FaultKind.BROKER_RESTART,
)


@pytest.mark.timeout(300)
def test_a_few_faults_leave_nothing_wrong(make_stack: MakeStack, tmp_path: Path) -> None:
    said: list[str] = []
    plan = ChaosPlan(
        faults=FAULTS,
        seed=3,
        workers=2,
        rate=300,
        tapes=endless(20),
        kinds=KINDS,
        spared=frozenset({"w0"}),
        pause=1.5,
        settings={"partitions": 2, "batch_max": 200},
    )
    with closing(Chaos(make_stack(), tmp_path / "chaos", plan, said.append)) as chaos:
        result = chaos.run()
    assert result.problems == [], "\n".join([*said, *result.problems])
    assert result.faults.total() == FAULTS
    (judged,) = result.rounds
    assert judged.bars > 0
    assert judged.poisoned > 0
    assert result.footprints
    assert "0 problems" in summary(result)
