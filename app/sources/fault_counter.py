"""Counts records that are not bars."""

from collections.abc import Callable

from app.sources.base import Fault

_SAID = 20


class FaultCounter:
    """An OnFault that counts faults and remembers the last as a sentence; `say` gets the first few.

    `what` they are called: a file has lines.
    """

    def __init__(self, say: Callable[[str], None], what: str = "Line") -> None:
        self.count = 0
        self.last: str | None = None
        self._say, self._what = say, what

    def __call__(self, fault: Fault) -> None:
        """Count a fault."""
        self.count += 1
        place = f"{fault.unit or self._what} {fault.line:,}{f' of {fault.file}' if fault.file else ''}"
        self.last = f"{place} skipped: {fault.message}"
        if self.count <= _SAID:
            self._say(self.last)
        elif self.count == _SAID + 1:
            self._say(f"More {self._what.lower()}s are skipped; from here on they are only counted.")
