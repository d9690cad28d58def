"""Long rounds are judged in processes of their own."""

from operator import attrgetter

from app.settings import Settings
from tests.harness.chaos.audit import mapping, sendable

# Not a function of this module: each of the other processes would import all that is imported here.
period_and_name = attrgetter("strategy.fast", "strategy.name")


def test_settings_reach_other_processes_and_answers_come_in_order() -> None:
    asked = [Settings(_env_file=None, sma_fast=fast) for fast in (5, 6, 7)]  # type: ignore[call-arg]
    wanted = [period_and_name(settings) for settings in asked]
    with mapping(True) as judged:
        assert list(judged(period_and_name, map(sendable, asked))) == wanted
