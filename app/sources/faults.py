"""Counting what is not a bar."""

from collections.abc import Callable

from app.sources.base import Fault

_SAID = 20


class Faults:
    """An OnFault that counts them and remembers the last as a sentence; `say` hears the first few."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.count = 0
        self.last: str | None = None
        self._say = say

    def __call__(self, fault: Fault) -> None:
        """One more."""
        self.count += 1
        self.last = f"Line {fault.line:,} skipped: {fault.message}"
        if self.count <= _SAID:
            self._say(self.last)
        elif self.count == _SAID + 1:
            self._say("More lines are skipped; from here on they are only counted.")
