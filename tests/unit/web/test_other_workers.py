"""Workers ask each other: an API asks another one through its own routes."""

import httpx
import pytest

from tests.unit.web.conftest import OLD, RUN
from tests.unit.web.fake import FakeReader
from web.main import create_app
from web.other_workers import KEPT_SECONDS, OtherWorkers
from web.reader import Readiness

HERE, GONE = "http://worker:8001/", "http://gone:8001"


class Asked:
    """A client that reaches one worker, and counts."""

    def __init__(self, reader: FakeReader) -> None:
        self.now = 0.0
        self.asked: list[str] = []
        self._worker = httpx.ASGITransport(create_app(reader))
        self.others = OtherWorkers(httpx.AsyncClient(transport=httpx.MockTransport(self._answer)), lambda: self.now)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if request.url.host == "gone":
            raise httpx.ConnectError("nobody there")
        return await self._worker.handle_async_request(request)


@pytest.fixture
def asked(reader: FakeReader) -> Asked:
    return Asked(reader)


async def test_runs_come_as_the_other_worker_knows_them(asked: Asked, reader: FakeReader) -> None:
    assert await asked.others.runs({HERE}) == {HERE: reader.runs()}
    assert asked.asked == ["http://worker:8001/runs?scope=local"]


async def test_an_answer_is_good_for_a_second_and_a_silence_for_none(asked: Asked, reader: FakeReader) -> None:
    for _ in range(3):
        assert set(await asked.others.runs({HERE, GONE})) == {HERE}
    assert sorted(set(asked.asked)) == ["http://gone:8001/runs?scope=local", "http://worker:8001/runs?scope=local"]
    assert (len(asked.asked), asked.asked.count("http://gone:8001/runs?scope=local")) == (4, 3)
    del reader.series[1:]
    asked.now += KEPT_SECONDS + 0.1
    assert [run.run_id for run in (await asked.others.runs({HERE}))[HERE]] == [OLD]
    reader.state = Readiness(recovering=True)
    asked.now += KEPT_SECONDS + 0.1
    assert await asked.others.runs({HERE}) == {}, "a worker that restores its tables knows nothing yet"


async def test_symbols_of_a_run(asked: Asked) -> None:
    assert await asked.others.symbols([HERE, GONE], RUN) == ["AAPL", "GOOGL", "SPY"]
    assert await asked.others.symbols([HERE], "unknown") == []


@pytest.mark.parametrize("content", [b"<html>", b"{}", b'{"runs": [{"run_id": 1}]}'])
async def test_what_is_no_worker_of_ours_says_nothing(content: bytes) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=content))
    others = OtherWorkers(httpx.AsyncClient(transport=transport))
    assert await others.runs({HERE, "not an address"}) == {}
