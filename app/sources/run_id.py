"""The identity of a new series."""

import datetime
import re
import secrets
from typing import Literal

_ALLOWED = re.compile(r"[A-Za-z0-9._-]{1,100}")


def new_run_id(kind: Literal["replay", "synthetic"], day: datetime.date, *labels: str) -> str:
    """A fresh one, for example `replay-2024-11-14-1f0c9a3e`: bars of two replays of one day never mix.

    `labels` say what else distinguishes its bars: `replay-2024-11-14-iex-raw-regular-1f0c9a3e`.
    """
    return "-".join([kind, day.isoformat(), *labels, secrets.token_hex(4)])


def run_id_fault(run_id: str) -> str | None:
    """None when it can be used as a run id, else a sentence."""
    if _ALLOWED.fullmatch(run_id):
        return None
    return f"The run id {run_id!r} must be 1 to 100 letters, digits, dots, dashes or underscores."
