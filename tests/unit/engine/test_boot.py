from pathlib import Path
from typing import Any, cast

import pytest
from faust.contrib.asgi import AsgiService

from app.engine.app import BatchApp, Prepared
from app.engine.boot import ApiFirst, CheckedWorker
from app.engine.errors import OperatorError
from tests.unit.engine.made import make_options


async def test_the_api_answers_before_the_tables_are_there(app: BatchApp) -> None:
    app.asgi_app = object()
    [server] = cast(ApiFirst, app.boot_strategy).web_server()
    assert isinstance(server, AsgiService)


async def test_without_an_api_there_is_no_server(app: BatchApp) -> None:
    assert list(cast(ApiFirst, app.boot_strategy).web_server()) == []


class Later(OperatorError):
    exit_status = 75


@pytest.mark.parametrize(("kind", "status"), [(OperatorError, 1), (Later, 75)])
async def test_a_worker_that_cannot_start_says_why_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: type[OperatorError], status: int
) -> None:
    def refuse(app: BatchApp) -> Prepared:
        raise kind("topic x has 3 partitions, wanted 8")

    app = BatchApp(make_options(tmp_path, prepare=refuse))
    worker = cast(Any, app.conf).Worker(app, override_logging=False)
    with pytest.raises(SystemExit) as caught:
        worker.execute_from_commandline()
    assert (caught.value.code, capsys.readouterr().err) == (status, "Error: topic x has 3 partitions, wanted 8\n")


async def test_the_first_reason_of_a_crash_is_the_one_that_is_told(app: BatchApp) -> None:
    worker = CheckedWorker(app, override_logging=False)
    worker.crash_reason = OperatorError("the topic is gone")
    # A task that was cancelled after it.
    worker.crash_reason = RuntimeError("cancelled")
    assert str(worker.crash_reason) == "the topic is gone"
    worker.crash_reason = None
    worker.crash_reason = RuntimeError("another")
    assert str(worker.crash_reason) == "another"
