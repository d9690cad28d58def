"""What a bench saved, read again: figures by load, system and key."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.ratio import best_of_ours, ours
from tests.bench.results import FORMAT


class NotSaved(Exception):
    """A file that no bench of this format has saved."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure's median, and the runs' lowest and highest."""

    median: float
    low: float
    high: float
    runs: int


class Saved:
    """One or more files; of a load and system that several have, the last one counts."""

    def __init__(self, parts: Sequence[dict[str, Any]]) -> None:
        self.machine: dict[str, str] = parts[-1]["machine"]
        self.versions: dict[str, str] = {}
        self.systems: dict[str, dict[str, Any]] = {}
        self._loads: dict[tuple[str, str], dict[str, Any]] = {}
        for part in parts:
            self.versions |= part["versions"] | {"commit": " and ".join(_commits(parts))}
            self.systems |= part["systems"]
            self._loads |= {(each["load"], each["system"]): each for each in part["loads"]}
        self.loads = list(dict.fromkeys(load for load, _ in self._loads))
        self.days = sorted({str(part["made_at"])[:10] for part in parts})
        self.one_machine = all(part["machine"] == self.machine for part in parts)

    def title(self, system: str) -> str:
        """For people, with the number of processes where it is not one."""
        found = self.systems[system]
        processes = found["processes"]
        return str(found["title"]) if processes == 1 else f"{found['title']}, {processes} processes"

    def measured(self, load: str) -> list[str]:
        """The systems that have it, ours first."""
        found = [system for name, system in self._loads if name == load]
        return [*ours(found), *(system for system in found if system not in ours(found))]

    def size(self, load: str, system: str) -> tuple[int, int]:
        """Symbols, and bars of each."""
        found = self._loads[load, system]
        return found["symbols"], found["bars_each"]

    def void(self, load: str, system: str) -> list[str]:
        """Why runs do not count."""
        return list(self._loads[load, system]["void"])

    def spread(self, load: str, system: str, key: str) -> Spread | None:
        """A figure; None where it was not measured or no run counts."""
        found = self._loads.get((load, system), {}).get("figures", {}).get(key)
        if not found:
            return None
        values = found["values"]
        return Spread(found["median"], min(values), max(values), len(values))

    def median(self, load: str, system: str | None, key: str) -> float | None:
        """Its median alone."""
        found = self.spread(load, system, key) if system else None
        return found.median if found else None

    def best_of_ours(self, load: str) -> str | None:
        """With how many processes this project was fastest."""
        known = {system: self.median(load, system, "rate") for system in ours(self.measured(load))}
        return best_of_ours({system: rate for system, rate in known.items() if rate is not None})


def _commits(parts: Sequence[dict[str, Any]]) -> list[str]:
    """Of all files: they may have been made one after another."""
    return list(dict.fromkeys(str(part["versions"].get("commit", "unknown")) for part in parts))


def load_saved(paths: Iterable[Path]) -> Saved:
    """Raises NotSaved."""
    parts = []
    for path in paths:
        try:
            part = json.loads(path.read_text())
        except ValueError as error:
            raise NotSaved(f"{path} is no JSON: {error}") from None
        if not isinstance(part, dict) or part.get("format") != FORMAT:
            raise NotSaved(f"{path} was not written by `python -m tests.bench --save` of this version")
        parts.append(part)
    return Saved(parts)
