"""What holds for all tests."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.browser.find import MISSING, find_browser, is_required
from tests.harness.inherited import forget_settings
from tests.watching.promtool import MISSING as NO_PROMTOOL
from tests.watching.promtool import find_promtool

# What a shell exports is for its user's workers; tests say themselves what they need, and give it to what they start.
forget_settings(os.environ)

# A shell has its background jobs, and all that they start, ignore SIGINT; some tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests run beside brokers and workers: how long an example takes says nothing of the code.
settings.register_profile("beside-others", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("beside-others")

_TESTS = Path(__file__).parent
#: Tests that need a program which is not a Python package, how to find it, and what to say where it is missing.
_NEEDING = (
    (_TESTS / "browser", find_browser, MISSING),
    (_TESTS / "unit" / "deploy" / "test_promtool.py", find_promtool, NO_PROMTOOL),
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Thousands of tests and modules come to stay: the garbage collector need not look through them, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave tests out whose program is missing; in CI they fail instead."""
    for tests, find, _ in _NEEDING:
        if tests in (collection_path, *collection_path.parents) and find() is None and not is_required():
            return True
    return None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say so, in one line each."""
    asked = [Path(argument.split("::")[0]).resolve() for argument in config.args]
    for tests, find, missing in _NEEDING:
        wanted = any(path == tests or path in tests.parents for path in asked)
        if wanted and find() is None and not is_required():
            terminalreporter.write_line(f"NOT TESTED: {missing}", yellow=True)
