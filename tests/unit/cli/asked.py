"""A worker to ask, for the commands that do."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from tests.unit.web.conftest import OLD, RUN
from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import START, pullback, series
from tests.unit.web.serving import serving
from web.main import create_app

DAY_MS = 24 * 60 * 60 * 1000


class Ask:
    """ask("signals", "AAPL"): the command's result, of a worker that is served."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "--url", self.url])


@pytest.fixture(scope="module")
def asked_reader() -> FakeReader:
    """A synthetic run, then a replay of three symbols."""
    return FakeReader(
        series(OLD, "OLD", pullback(), start=START - DAY_MS, origin="synthetic"),
        series(RUN, "AAPL", pullback()),
        series(RUN, "GOOGL", [50.0] * 12),
        series(RUN, "SPY", pullback(fall=0.1)),
    )


@pytest.fixture(scope="module")
def ask(asked_reader: FakeReader) -> Iterator[Ask]:
    """Asks a worker with the runs of `asked_reader`."""
    with serving(create_app(asked_reader)) as url:
        yield Ask(url)
