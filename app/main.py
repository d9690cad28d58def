"""The worker of this process's settings: `faust -A app.main worker -l info`."""

import logging

from app.build import build
from app.logs.throttle import throttle_talkative_loggers
from app.settings import SettingsError, settings
from app.terminal.visible import visible_lines

# The registry's client logs a line for every schema, which helps nobody.
logging.getLogger("httpx").setLevel(logging.WARNING)
throttle_talkative_loggers()

try:
    app = build(settings())
except SettingsError as error:
    raise SystemExit(f"Error: {visible_lines(str(error))}") from None

__all__ = ["app"]
