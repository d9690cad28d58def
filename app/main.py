"""The whole system in one Faust app: `faust -A app.main worker -l info`."""

import agents.indicators
import agents.signals  # noqa: F401
from app.worker import app

__all__ = ["app"]
