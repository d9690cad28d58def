"""Log lines for programs: one JSON object an event (LOG_FORMAT=json)."""

import json
import logging
import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.times import iso

if TYPE_CHECKING:
    from app.settings import Settings

#: The fields with the place of a record or a batch; log calls give them as `extra=`.
PLACE = ("topic", "partition", "offset", "last_offset")

#: Shorter secrets would match parts of ordinary words.
_SHORTEST_SECRET = 4

MASK = "***"


class JsonLine(logging.Formatter):
    """Formats a record as one line of JSON, in ASCII, whatever its message holds.

    `time` (UTC), `level`, `logger`, `message`, `process` are in each; `topic`, `partition`, `offset` where it is
    about a record, with `last_offset` where it is about a batch; `exception` (`type`, `message`, `traceback`) where
    there is one. The secrets are replaced by ***.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = sorted((each for each in secrets if len(each) >= _SHORTEST_SECRET), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        event: dict[str, object] = {
            "time": iso(int(record.created * 1000)),
            "level": record.levelname,
            "logger": record.name,
            "message": self._clean(_message(record)),
            "process": record.process,
        }
        event |= {name: _plain(record.__dict__[name]) for name in PLACE if name in record.__dict__}
        if record.exc_info and record.exc_info[1] is not None:
            event["exception"] = self._exception(record.exc_info[1])
        if record.stack_info:
            event["stack"] = self._clean(record.stack_info)
        return json.dumps(event)

    def _exception(self, error: BaseException) -> dict[str, str]:
        try:
            text = str(error)
        except Exception as broken:  # noqa: BLE001  # It is somebody else's code, and a line must come all the same.
            text = f"(its text cannot be made: {type(broken).__name__})"
        lines = "".join(traceback.format_exception(error))
        return {"type": type(error).__qualname__, "message": self._clean(text), "traceback": self._clean(lines)}

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        # Half a pair of surrogates is nothing that a reader of JSON need take.
        return text.encode("utf-8", "backslashreplace").decode()


def secrets(settings: "Settings") -> list[str]:
    """The values of all settings that are secret."""
    found = (getattr(settings, name) for name in type(settings).model_fields)
    return [each.get_secret_value() for each in found if hasattr(each, "get_secret_value")]


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  # Values that do not fit the message: that must not hide what was to be said.
        return str(record.msg)


def _plain(value: object) -> object:
    return value if isinstance(value, int | str) or value is None else str(value)
