"""`python -m tests.golden.make 0.1.0`: keep what the program of now leaves behind, at its release."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click

from app.domain.records import MINUTE_MS, Bar
from tests.bars import OPENING_MS, make_bar
from tests.golden.release import GOLDEN, collect
from tests.integration.deployment import Deployment
from tests.integration.fixtures_stack import LocalStack, stopped_in_the_end
from tests.integration.random_bars import random_bars

DAY_MS = 24 * 60 * MINUTE_MS


@click.command()
@click.argument("release")
def main(release: str) -> None:
    """Run a worker over every kind of bar and write its records and tables to tests/golden/RELEASE."""
    with tempfile.TemporaryDirectory(prefix="stocks-golden-") as temporary:
        directory = Path(temporary)
        with stopped_in_the_end(directory / "stack"):
            status = LocalStack(directory / "stack").status
            deployment = Deployment(status.kafka, status.schema_registry, directory, "golden", partitions=1)
            with closing(deployment):
                worker = deployment.start_worker().wait_ready()
                for bars in portions():
                    deployment.send(bars)
                    deployment.settle()
                assert worker.terminate() == 0, worker.tail()
                collect(deployment).save(GOLDEN / release)


def portions() -> Iterator[list[Bar]]:
    """Bars of a morning, sent in parts: corrected and late ones, nulls, two origins, a night and a split."""
    bars = list(random_bars(symbols=3, minutes=70, seed=13))
    late = bars.pop(150)
    yield bars[:90]
    yield bars[90:160]
    yield [late, *(bar | {"close": bar["low"], "trade_count": None} for bar in bars[154:157])]
    yield [bar | {"origin": "live", "source": "alpaca", "feed": "iex"} for bar in bars[160:]]
    yield [raw(minute, 400.0 + minute % 7) for minute in range(60)]
    yield [raw(minute, 100.0 + minute % 5, timestamp=OPENING_MS + DAY_MS + minute * MINUTE_MS) for minute in range(25)]


def raw(minute: int, close: float, /, **changes: int) -> Bar:
    return make_bar(minute, close, **{"symbol": "SPLT", "run_id": "test", "adjustment": "raw"} | changes)


if __name__ == "__main__":
    main()
