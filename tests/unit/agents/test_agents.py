"""What holds for every agent."""

import pytest
from mode.supervisors import CrashingSupervisor

from app.clients import producer_config
from app.engine.app import BatchApp
from tests.unit.agents.conftest import Program


@pytest.mark.parametrize("name", ["indicators", "signals"])
def test_an_agent_that_fails_ends_the_worker_and_never_runs_twice_at_once(imported: Program, name: str) -> None:
    agent = imported.app.agents[name]
    assert agent.supervisor_strategy is CrashingSupervisor
    assert agent.concurrency == 1


def test_the_worker_has_these_agents_and_no_others(imported: Program) -> None:
    assert isinstance(imported.app, BatchApp)
    assert imported.app.agents.keys() == {"indicators", "signals"}


def test_each_agent_reads_the_topic_whose_progress_its_table_keeps(imported: Program) -> None:
    agents = {name: agent.channel.get_topic_name() for name, agent in imported.app.agents.items()}
    assert agents == {"indicators": "stocks.raw.avro", "signals": "stocks.indicators"}
    assert imported.app.stream_tables() == {
        "stocks.raw.avro": imported.windows,
        "stocks.indicators": imported.signals,
    }


def test_the_changelogs_are_those_of_the_catalogue(imported: Program) -> None:
    assert imported.windows.changelog_topic_name == imported.catalogue.windows_changelog.name
    assert imported.signals.changelog_topic_name == imported.catalogue.signals_changelog.name
    assert imported.windows.partitions == imported.signals.partitions == imported.catalogue.raw.partitions


def test_the_agents_do_not_share_a_producer(imported: Program) -> None:
    deliveries = {id(agent.worker.delivery) for agent in (imported.indicators_agent, imported.signals_agent)}
    assert len(deliveries) == 2
    assert producer_config(imported.app.settings)["enable.idempotence"] is True
