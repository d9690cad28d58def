"""The workers of a run, and a supervisor that starts those that end again."""

import os
import shutil
import signal
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import httpx
import psutil

from tests.harness.chaos.children import GRACE_SECONDS, Children
from tests.harness.crashing.forked import ForkedWorker
from tests.harness.held_port import HeldPort

#: A worker that was asked to stop has ended by then, whatever the broker does.
STOP_SECONDS = 30.0

#: A worker that could not start, or ended by itself, is started again so much later.
AGAIN_SECONDS = 1.0

#: What a worker says that finds no broker as it starts; it then ends.
NO_BROKER = "Error: No broker answers"

#: SIGTERM may come before there is anyone to heed it.
STOPPED = frozenset({0, -signal.SIGTERM})


class Ended(NamedTuple):
    """A worker that ended though nobody ended it."""

    name: str
    code: int
    log: str


class Footprint(NamedTuple):
    """What a worker holds, so many seconds after the run began."""

    name: str
    pid: int
    seconds: float
    rss: int
    threads: int
    files: int


@dataclass
class CrewMember:
    """One worker's place: its data folder, and the process that works there now, if any."""

    name: str
    worker: ForkedWorker | None = None
    url: str = ""
    port: HeldPort | None = None
    start_at: float = 0.0
    paused_until: float | None = None
    #: How it may end, and by when it must have; None while nobody ends it.
    expected: frozenset[int] | None = None
    end_by: float = inf
    disk_lost: bool = False
    log_start: int = 0

    @property
    def works(self) -> bool:
        """Whether it runs, and nothing is being done to it."""
        return self.worker is not None and self.paused_until is None and self.expected is None

    def is_ready(self) -> bool:
        """Whether it says that it does its work."""
        try:
            return self.works and self.worker is not None and self.worker.get("/ready").status_code == 200
        except httpx.TransportError:
            return False


@dataclass
class Crew:
    """The members, by name; `program`'s environment is `environment`, folders and logs are in `directory`."""

    directory: Path
    environment: Mapping[str, str]
    members: dict[str, CrewMember] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    #: How often a worker was started.
    starts: int = 0
    #: Called when a worker has ended otherwise than it is known that it must: an order may have made it end itself.
    on_surprise: Callable[[], None] = lambda: None
    #: Starts a worker with an environment, whose words go to a log.
    start_worker: Callable[[Mapping[str, str], Path], ForkedWorker] = ForkedWorker
    #: How often to look which processes workers have: that takes milliseconds, and those that stay are there for long.
    look_seconds: float = 1.0
    _children: Children = field(default_factory=Children)
    _looked_at: float = -inf

    def hire(self, names: Collection[str]) -> None:
        for name in names:
            self.members[name] = CrewMember(name)

    def left_behind(self, seconds: float = GRACE_SECONDS) -> list[str]:
        """Sentences that name processes which workers started, and which still run so long after all workers ended."""
        return self._children.left(seconds)

    def working(self) -> list[str]:
        """Those to whom something may happen."""
        return [member.name for member in self.members.values() if member.works]

    def away(self) -> list[str]:
        """Those that stay away."""
        return [member.name for member in self.members.values() if member.start_at == inf]

    def by_pid(self, pid: int) -> CrewMember | None:
        found = (member for member in self.members.values() if member.worker is not None and member.worker.pid == pid)
        return next(found, None)

    def kill(self, name: str, away_seconds: float, *, disk_lost: bool = False) -> None:
        member = self.members[name]
        self._expect(member, frozenset({-signal.SIGKILL}), away_seconds)
        member.disk_lost = disk_lost
        self._signal(member, signal.SIGKILL)

    def stop(self, name: str, away_seconds: float) -> None:
        member = self.members[name]
        self._expect(member, STOPPED, away_seconds)
        self._signal(member, signal.SIGTERM)

    def pause(self, name: str, seconds: float) -> None:
        self._signal(self.members[name], signal.SIGSTOP)
        self.members[name].paused_until = monotonic() + seconds

    def struck(self, pid: int, codes: Collection[int], seconds: float) -> str | None:
        """Note what a worker does to itself: it ends with one of `codes`, or pauses where there are none."""
        member = self.by_pid(pid)
        if member is None:
            return None
        if codes:
            self._expect(member, frozenset(codes), seconds)
        else:
            member.paused_until = monotonic() + seconds
        return member.name

    def join(self, name: str) -> None:
        self.members[name].start_at = 0.0

    def join_all(self) -> None:
        """Everyone comes back, and nobody is paused."""
        for member in self.members.values():
            if member.paused_until is not None:
                member.paused_until = 0.0
            member.start_at = 0.0

    def tend(self) -> None:
        """Do what is due; to be called often."""
        now = monotonic()
        if now - self._looked_at >= self.look_seconds:
            self._looked_at = now
            for member in self.members.values():
                self._look_for_children(member)
        for member in self.members.values():
            if member.paused_until is not None and member.paused_until <= now:
                member.paused_until = None
                self._signal(member, signal.SIGCONT)
            if member.worker is not None:
                self._look_after(member, member.worker, now)
            if member.worker is None and member.start_at <= now:
                self._start(member)

    def footprints(self, seconds: float) -> list[Footprint]:
        """Of those that run; `seconds` is the time since the run began."""
        found = []
        for member in self.members.values():
            # Who has just died is noticed when the crew is tended next.
            with suppress(psutil.NoSuchProcess):
                if member.worker is not None:
                    process = psutil.Process(member.worker.pid)
                    rss, threads, files = process.memory_info().rss, process.num_threads(), process.num_fds()
                    found.append(Footprint(member.name, process.pid, seconds, rss, threads, files))
        return found

    def _expect(self, member: CrewMember, codes: frozenset[int], away_seconds: float) -> None:
        member.expected, member.end_by = codes, monotonic() + STOP_SECONDS
        member.start_at = monotonic() + away_seconds

    def _signal(self, member: CrewMember, number: int) -> None:
        if member.worker is not None:
            # Afterwards nobody can say whose children they were.
            self._look_for_children(member)
            member.worker.send_signal(number)

    def _look_for_children(self, member: CrewMember) -> None:
        if member.worker is not None:
            self._children.look(member.name, member.worker.pid)

    def _look_after(self, member: CrewMember, worker: ForkedWorker, now: float) -> None:
        code = worker.exitcode
        if code is None:
            if now > member.end_by:
                self.problems.append(f"{member.name} did not end within {STOP_SECONDS:g} s:\n{worker.tail()}")
                worker.kill()
            return
        if member.expected is None or code not in member.expected:
            # It may have carried out an order, before it came to what was expected.
            self.on_surprise()
        log = self._log(member)
        # One that was about to be stopped may find no broker as it starts, and ends as any that does.
        if member.expected is None or NO_BROKER in log:
            self.ended.append(Ended(member.name, code, log))
            member.start_at = max(member.start_at, now + AGAIN_SECONDS)
        elif code not in member.expected:
            self.problems.append(f"{member.name} ended with {code}, not {sorted(member.expected)}:\n{log[-4000:]}")
        if member.disk_lost:
            shutil.rmtree(self.directory / member.name, ignore_errors=True)
        member.worker, member.expected, member.paused_until = None, None, None
        member.end_by, member.disk_lost = inf, False

    def _start(self, member: CrewMember) -> None:
        path = self.directory / f"{member.name}.log"
        member.log_start = path.stat().st_size if path.exists() else 0
        if member.port is not None:
            member.port.close()
        # A new one each time: the group may know the old address still.
        member.port = HeldPort()
        changed = {"DATA_DIR": str(self.directory / member.name), "API_PORT": str(member.port.number)}
        member.url = f"http://127.0.0.1:{member.port.number}"
        member.worker = self.start_worker({**os.environ, **self.environment, **changed}, path)
        self.starts += 1

    def _log(self, member: CrewMember) -> str:
        """What it said in this life; one that was killed at once said nothing."""
        if not (self.directory / f"{member.name}.log").exists():
            return ""
        with (self.directory / f"{member.name}.log").open("rb") as log:
            log.seek(member.log_start)
            return log.read().decode(errors="replace")
