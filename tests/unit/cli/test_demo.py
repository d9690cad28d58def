"""`stocks demo`: what it is asked for, and how it ends."""

from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.demo.run import Demo, DemoPlan
from app.errors import StocksError


class Demos:
    """Keeps the plan; ends as the test says, when all is shown or before that."""

    def __init__(self, ends_with: BaseException | None = None, *, all_shown: bool = True) -> None:
        self.ends_with, self.all_shown = ends_with, all_shown
        self.plan: DemoPlan | None = None

    def make(self, _: object, plan: DemoPlan, __: object) -> "Demos":
        self.plan = plan
        return self

    def run(self) -> None:
        if self.ends_with:
            raise self.ends_with

    def __call__(self, *arguments: str, **env: str) -> Result:
        handed_in: dict[Any, Any] = {Demo: self.make}
        return CliRunner().invoke(main, ["demo", *arguments], obj=handed_in, env=env)


@pytest.mark.parametrize(
    ("arguments", "env", "plan"),
    [
        ([], {}, DemoPlan("trend-and-pullback", 0, "100", False)),
        (["--exit"], {}, DemoPlan("trend-and-pullback", 0, "max", True)),
        (["--exit", "--speed", "realtime"], {}, DemoPlan("trend-and-pullback", 0, "realtime", True)),
        (["--seed", "7", "--profile", "random-walk"], {}, DemoPlan("random-walk", 7, "100", False)),
        ([], {"SPEED": "20", "SEED": "3", "PROFILE": "random-walk"}, DemoPlan("random-walk", 3, "20", False)),
    ],
)
def test_what_it_is_asked_for(arguments: list[str], env: dict[str, str], plan: DemoPlan) -> None:
    demo = Demos()
    assert demo(*arguments, **env).exit_code == 0
    assert demo.plan == plan


@pytest.mark.parametrize(("all_shown", "status"), [(True, 0), (False, 130)])
def test_ctrl_c_is_its_normal_end_once_all_is_shown(all_shown: bool, status: int) -> None:
    result = Demos(KeyboardInterrupt(), all_shown=all_shown)()
    assert (result.exit_code, result.stdout) == (status, "Stopped.\n")


def test_what_goes_wrong_is_a_sentence() -> None:
    result = Demos(StocksError("The worker has ended with status 3"))()
    assert (result.exit_code, result.stderr) == (1, "Error: The worker has ended with status 3\n")


@pytest.mark.parametrize(("option", "value"), [("--speed", "fast"), ("--speed", "0"), ("--seed", "-1")])
def test_what_makes_no_sense_is_refused_before_anything_starts(option: str, value: str) -> None:
    demo = Demos()
    result = demo(option, value)
    assert result.exit_code == 2
    assert option in result.stderr
    assert demo.plan is None
