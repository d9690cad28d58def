"""The program of today takes over from each release: its data folder, changelogs, Avro records and schemas."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from app.domain.records import MINUTE_MS, Bar
from tests.golden.release import GOLDEN, Release
from tests.integration.conftest import Deploy
from tests.integration.deployment import final
from tests.integration.test_crashes import check_tables
from tests.oracle import differences, final_signals

RELEASES = sorted(path.parent for path in GOLDEN.glob("*/tables.tar.gz"))


@pytest.mark.parametrize("folder", RELEASES, ids=lambda folder: str(folder.name))
@pytest.mark.parametrize("with_disk", [True, False], ids=["disk", "changelogs"])
def test_the_work_of_a_release_is_taken_over(deploy: Deploy, folder: Path, with_disk: bool) -> None:
    release = Release.load(folder)
    deployment = deploy(partitions=1)
    release.put_back(deployment, with_disk)
    before = cast(list[Bar], deployment.records(deployment.topics.raw))
    worker = deployment.start_worker().wait_ready()
    assert deployment.count(deployment.topics.signals) == len(release.records["signals"]), "nothing is done again"
    after = list(continuation(before))
    deployment.send(after)
    deployment.settle()

    expected = final_signals([*before, *after], deployment.settings.strategy)
    assert differences(expected, final(deployment.signals())) == []
    assert deployment.count(deployment.topics.dead_letters) == 0
    check_tables(deployment, expected)
    restored = "Done reading from changelog topics" in worker.tail(100_000)
    assert restored is not with_disk, "the state came from where it was meant to come from"


def continuation(bars: Sequence[Bar]) -> Iterator[Bar]:
    """Twenty minutes more of each series, after a correction of its last bar."""
    newest = {(bar["run_id"], bar["symbol"]): bar for bar in sorted(bars, key=lambda bar: bar["timestamp"])}
    for bar in newest.values():
        yield bar | {"close": bar["low"]}
        for minute in range(1, 21):
            close = round(bar["close"] * (1 + 0.002 * (minute % 5 - 2)), 2)
            low, high = min(close, bar["low"]), max(close, bar["high"])
            yield bar | {
                "timestamp": bar["timestamp"] + minute * MINUTE_MS,
                "close": close,
                "low": low,
                "high": high,
                "vwap": None,
            }
