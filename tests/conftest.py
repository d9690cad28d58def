"""What holds for all tests."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.browser.find import MISSING, find_browser, is_required
from tests.inherited import forget_settings

# What a shell exports is for its user's workers; tests say themselves what they need, and give it to what they start.
forget_settings(os.environ)

# A shell has its background jobs, and all that they start, ignore SIGINT; some tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests run beside brokers and workers: how long an example takes says nothing of the code.
settings.register_profile("beside-others", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("beside-others")

_BROWSER_TESTS = Path(__file__).parent / "browser"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave the tests in a browser out where there is none; in CI they fail instead."""
    if _BROWSER_TESTS in (collection_path, *collection_path.parents) and find_browser() is None and not is_required():
        return True
    return None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say so, in one line."""
    asked = [Path(argument.split("::")[0]).resolve() for argument in config.args]
    wanted = any(path == _BROWSER_TESTS or path in _BROWSER_TESTS.parents for path in asked)
    if wanted and find_browser() is None and not is_required():
        terminalreporter.write_line(f"NOT TESTED: {MISSING}", yellow=True)
