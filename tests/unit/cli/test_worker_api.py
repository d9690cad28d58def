import httpx
import pytest
from fastapi import FastAPI, Response

from app.cli.worker_api import WorkerApi
from app.errors import StocksError
from tests.unit.cli.asked import Ask, ask, asked_reader
from tests.unit.web.serving import serving

__all__ = ["ask", "asked_reader"]


def test_parameters_without_a_value_are_left_out(ask: Ask) -> None:
    assert WorkerApi(ask.url).json("/signals", {"limit": 1, "run": None})["total"] == 132
    assert WorkerApi(f"{ask.url}/").text("/signals", {"format": "csv"}).startswith("id,run_id,")


def test_what_the_worker_says_against_it_is_the_error(ask: Ask) -> None:
    with pytest.raises(StocksError, match="No symbol 'NOPE'"):
        WorkerApi(ask.url).text("/signals/NOPE")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://", "no address"])
def test_where_no_worker_answers_it_says_how_to_start_one(url: str) -> None:
    with pytest.raises(StocksError, match=r"No worker answers at .*: start one with `make worker`, or name another"):
        WorkerApi(url).json("/signals")


def test_what_answers_may_be_no_worker() -> None:
    app = FastAPI()
    app.get("/signals")(lambda: Response("<html>", media_type="text/html"))
    app.get("/gone")(lambda: Response("<html>", 404))
    with serving(app) as url:
        for path in ("/signals", "/gone"):
            with pytest.raises(StocksError, match="No worker answers at"):
                WorkerApi(url).json(path)


def test_proxies_of_the_environment_are_not_for_workers(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{ask.url}/health")
    assert WorkerApi(ask.url).json("/health")["status"] == "ok"
