"""The browser that these tests drive: any of Chromium's family that is on this machine."""

import os
import shutil
from functools import lru_cache
from pathlib import Path

_COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "brave-browser",
)
_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)

#: What a person reads who has none.
MISSING = (
    "no Chromium, Chrome, Edge or Brave was found, so tests/browser (the page in a real browser) was left out: "
    "install one (Debian: apt-get install chromium)"
)


@lru_cache(maxsize=1)
def find_browser() -> str | None:
    """The path of a browser; None when there is none."""
    found = next((path for name in _COMMANDS if (path := shutil.which(name))), None)
    return found or next((path for path in _MAC if Path(path).is_file()), None)


def is_required() -> bool:
    """Whether tests without a browser are a failure: where CI says that it is one."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")
