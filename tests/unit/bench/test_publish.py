import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.bench.publish import page, publish
from tests.bench.saved import NotSaved, load_saved

SYSTEMS = {
    "stocks": {"title": "this project", "delivery": "exactly once", "processes": 1, "share": 1.0},
    "stocks-2": {"title": "this project", "delivery": "exactly once", "processes": 2, "share": 1.0},
    "quix": {"title": "Quix <Streams>", "delivery": "at least once", "processes": 1, "share": 0.1},
}


def figures(**values: list[float]) -> dict[str, Any]:
    return {key: {"median": sorted(found)[len(found) // 2], "values": found} for key, found in values.items()}


def measured(load: str, system: str, void: list[str] | None = None, **values: list[float]) -> dict[str, Any]:
    return {
        "load": load,
        "system": system,
        "symbols": 11_000,
        "bars_each": 67,
        "figures": figures(**values),
        "void": void or [],
    }


def saved_file(folder: Path, name: str, *loads: dict[str, Any], **more: Any) -> Path:
    content = {
        "format": 1,
        "made_at": "2026-11-28T12:00:00+00:00",
        "machine": {"processor": "a processor", "cores": "2", "memory": "8 GiB", "system": "Linux"},
        "versions": {"commit": "abc"},
        "systems": SYSTEMS,
        "loads": loads,
        **more,
    }
    path = folder / name
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def some(tmp_path: Path) -> Path:
    return saved_file(
        tmp_path,
        "some.json",
        measured("wide", "stocks", rate=[40_000.0, 50_000.0, 60_000.0], cpu=[20.0]),
        measured("wide", "stocks-2", rate=[100_000.0]),
        measured("wide", "quix", rate=[5000.0], void=["3 lost"]),
        measured("mid", "quix", void=["all lost"]),
        measured(
            "burst",
            "stocks",
            seconds=[0.6],
            disk_bytes=[50.0],
            signals_bytes=[60.0],
            symbol_bytes=[2048.0],
            empty_mib=[100.0],
            full_mib=[121.0],
        ),
        measured("crash", "quix", bars=[1000.0], lost=[0.0], doubled=[12.0], wrong=[0.0], back=[11.5]),
        measured("crash", "stocks", bars=[1000.0], lost=[0.0], doubled=[0.0], wrong=[0.0], back=[12.0]),
        measured("recovery", "stocks", changelog_records=[671_000.0], restoring=[10.0]),
    )


def test_the_page_has_medians_ranges_and_ratios(some: Path) -> None:
    text = page(load_saved([some]))
    assert "| **this project** | exactly once | 50,000 (40,000–60,000) | - | - |" in text  # noqa: RUF001
    assert "| Quix <Streams> (10% of the load) | at least once | 5,000 | - | void |" in text
    assert "| times faster than | wide, this project, 2 processes | deep | mid |" in text
    assert "| Quix <Streams> | 20.00 | - | - |" in text
    assert "| Quix <Streams> (10% of the load) | at least once | 0 | 12 | 0 | 11.5 |" in text
    assert "- Quix <Streams>, wide: 1 void (3 lost)" in text


def test_the_sums_of_a_market_follow_from_the_figures(some: Path) -> None:
    text = page(load_saved([some]))
    assert "One worker needs 1.0 % of the minute" in text
    assert "4,290,000 bars a session" in text
    assert "takes one worker 86 s" in text
    assert "2.00 times as fast as one: 43 s" in text
    assert "8,800,000 rows to restore. At 67,100 rows a second that is 131 s" in text
    assert "the whole market needs 121 MiB" in text


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    text = page(load_saved([saved_file(tmp_path, "one.json", measured("wide", "stocks", rate=[1.0]))]))
    assert "One worker needs (not measured) of the minute" in text
    assert "## Runs that do not count" not in text


def test_a_later_file_counts_and_another_machine_is_named(tmp_path: Path, some: Path) -> None:
    other = saved_file(tmp_path, "other.json", measured("wide", "stocks", rate=[7.0]), machine={
        "processor": "another", "cores": "4", "memory": "8 GiB", "system": "Linux"
    })  # fmt: skip
    text = page(load_saved([some, other]))
    assert "| **this project** | exactly once | 7 | - | - |" in text
    assert "Not all of it ran on one machine" in text


def test_plots_are_well_formed(tmp_path: Path, some: Path) -> None:
    publish(load_saved([some]), tmp_path / "docs")
    for name in ("wide", "deep", "mid", "burst"):
        ET.parse(tmp_path / "docs" / "performance" / f"{name}.svg")  # noqa: S314, our own file
    text = (tmp_path / "docs" / "performance" / "wide.svg").read_text()
    assert "Quix &lt;Streams&gt;" in text
    assert "100,000" in text


@pytest.mark.parametrize("content", ["no json", "[]", '{"format": 0}'])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(NotSaved, match=r"other\.json"):
        load_saved([path])
