"""The agents as app/build.py registers them."""

from pathlib import Path

import pytest
from mode.supervisors import CrashingSupervisor

from app.build import StocksApp, build
from app.engine.handoff import Handoff
from app.kafka.topics import topics
from app.settings import Settings
from tests.unit.tables.memory_table import NOWHERE


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("data"), **NOWHERE)  # type: ignore[arg-type, call-arg]


@pytest.fixture(scope="module")
def worker(settings: Settings) -> StocksApp:
    return build(settings)


@pytest.mark.parametrize("name", ["indicators", "signals"])
def test_an_agent_that_fails_ends_the_worker_and_never_runs_twice_at_once(worker: StocksApp, name: str) -> None:
    agent = worker.agents[name]
    assert agent.supervisor_strategy is CrashingSupervisor
    assert agent.concurrency == 1


def test_the_worker_has_these_agents_and_no_others(worker: StocksApp) -> None:
    assert worker.agents.keys() == {"indicators", "signals"}


def test_one_agent_reads_the_topic_whose_checkpoint_the_table_keeps_and_hands_on_in_memory(worker: StocksApp) -> None:
    assert worker.agents["indicators"].channel.get_topic_name() == "stocks.raw.avro"
    assert isinstance(worker.agents["signals"].channel, Handoff)
    assert worker.stream_tables() == {"stocks.raw.avro": worker.table}


def test_the_changelog_is_that_of_the_catalogue(worker: StocksApp, settings: Settings) -> None:
    all_topics = topics(settings)
    assert worker.table.changelog_name == all_topics.windows_changelog.name
    assert worker.table.partitions == all_topics.raw.partitions


def test_nothing_is_asked_or_opened_by_building(settings: Settings) -> None:
    again = build(settings)
    assert again.topic_ids == {}
    assert list(Path(settings.data_dir).iterdir()) == []
