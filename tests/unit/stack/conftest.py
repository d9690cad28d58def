from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.stack.progress import Advance
from tests.unit.stack.repository import Repository, serving


@dataclass
class Heard:
    """A reporter that keeps what it gets."""

    lines: list[str] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    bytes: int = 0

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def say(self, text: str) -> None:
        self.lines.append(text)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        self.say(text)
        yield

    @contextmanager
    def downloading(self, total: int) -> Iterator[Advance]:
        self.totals.append(total)

        def advance(count: int) -> None:
            self.bytes += count

        yield advance


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def repository() -> Iterator[Repository]:
    with serving(Repository()) as repository:
        yield repository


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "stock-signals"
