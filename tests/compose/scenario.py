"""One after the other: up, each part killed, three workers, down and up; all the while bars come."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from tests.compose.compose_verdict import ComposeVerdict, judge
from tests.compose.engine import Engine, Failed

HEALED_WITHIN = 30.0
_GIVE_UP = 120.0
_SERVICES = ("kafka", "registry", "worker", "front", "producer")


class Scenario:
    """What was measured is said as it comes; `faults` has what is wrong."""

    def __init__(self, engine: Engine, say: Callable[[str], None]) -> None:
        self._engine = engine
        self._say = say
        self.faults: list[str] = []

    def run(self) -> None:
        """All of it; raises Failed where it cannot go on."""
        engine = self._engine
        self._timed("up --build --wait", lambda: engine.compose("up", "--build", "--wait"))
        self._until("the first signal", self._has_signals, 30)
        for service in ("kafka", "registry", "worker", "front", "producer"):
            self._kill(service)
        self._timed("up --scale worker=3 --wait", lambda: self._scale(3))
        self._until("three workers share the partitions", self._are_shared, 60)
        self._kill("worker")
        self._judge("three workers")
        self._timed("down", lambda: engine.compose("down"))
        self._timed("up --wait, with one worker", lambda: engine.compose("up", "--wait"))
        self._until("a signal of a new bar", lambda: self._signal_since(self._up_at), 60)
        self._kill("worker")
        self._judge("in the end")

    def idle(self, seconds: float) -> float:
        """Percent of a core that all containers take while nothing comes."""
        before, started = self._engine.cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        used = (self._engine.cpu_seconds() - before) / (time.monotonic() - started) * 100
        self._say(f"{used:5.1f} %  of a core, idle, over {seconds:.0f} s")
        return used

    def _scale(self, workers: int) -> str:
        return self._engine.compose("up", "--wait", "--no-recreate", "--scale", f"worker={workers}")

    def _kill(self, service: str) -> None:
        """Kill one container's process, and wait until all are well and a bar that came later has its signal."""
        container = self._engine.containers(service)[0]
        started_at = self._engine.state(container)["StartedAt"]
        killed_at = datetime.now(UTC)
        self._engine.kill(container)

        def healed() -> bool:
            state = self._engine.state(container)
            return (
                state["StartedAt"] != started_at
                and all(self._is_healthy(name) for name in _SERVICES)
                and self._signal_since(killed_at)
            )

        seconds = self._until(f"healed after kill -9 of {service}", healed, _GIVE_UP)
        if seconds > HEALED_WITHIN:
            self.faults.append(f"kill -9 of {service} healed after {seconds:.0f} s, not within {HEALED_WITHIN:.0f}")

    def _is_healthy(self, service: str) -> bool:
        found = self._engine.containers(service)
        states = [self._engine.state(container) for container in found]
        return bool(found) and all(state.get("Health", {}).get("Status") == "healthy" for state in states)

    def _has_signals(self) -> bool:
        status, found = self._engine.get("front", "http://127.0.0.1:8001/signals?limit=1")
        return status == 200 and bool(found["signals"])

    def _signal_since(self, moment: datetime) -> bool:
        """Whether the newest signal was made after that, and all parts say that they are ready."""
        ready, _ = self._engine.get("producer", "http://127.0.0.1:8000/ready")
        status, found = self._engine.get("front", "http://127.0.0.1:8001/runs")
        if (ready, status) != (200, 200):
            return False
        for run in found["runs"]:
            status, signals = self._engine.get("front", f"http://127.0.0.1:8001/signals?limit=1&run={run['run_id']}")
            if status == 200 and any(
                datetime.fromisoformat(each["emitted_at"]) > moment for each in signals["signals"]
            ):
                return True
        return False

    def _are_shared(self) -> bool:
        held = []
        for index in (1, 2, 3):
            status, found = self._engine.get("worker", "http://127.0.0.1:8001/worker", index)
            if status != 200:
                return False
            held.append({each["partition"] for each in found["partitions"] if each["owner"] == found["address"]})
        return all(held) and sum(map(len, held)) == len(set().union(*held))

    def _judge(self, when: str) -> None:
        """Wait until all bars sent so far were processed, then compare."""
        verdict: ComposeVerdict | None = None

        def is_complete() -> bool:
            nonlocal verdict
            bars = self._engine.records("raw")
            # The signals are read later: those of the bars that came in between are left out.
            places = {(bar["run_id"], bar["symbol"], bar["timestamp"]) for bar in bars}
            signals = [
                each
                for each in self._engine.records("signals")
                if (each["run_id"], each["symbol"], each["timestamp"]) in places
            ]
            verdict = judge(bars, signals, len(self._engine.records("dead-letters")))
            return not any("lost" in fault for fault in verdict.faults)

        with suppress(Failed):  # The verdict says what is missing.
            self._until(f"every bar has its signal, {when}", is_complete, 60)
        if verdict is not None:
            self._say(f"         {verdict.bars} bars, {verdict.signals} signals {when}")
            self.faults += [f"{fault} ({when})" for fault in verdict.faults]

    def _timed(self, what: str, act: Callable[[], object]) -> None:
        started, self._up_at = time.monotonic(), datetime.now(UTC)
        act()
        self._say(f"{time.monotonic() - started:5.1f} s  {what}")

    def _until(self, what: str, is_so: Callable[[], bool], seconds: float) -> float:
        started = time.monotonic()
        while not is_so():
            if time.monotonic() - started > seconds:
                raise Failed(f"after {seconds:.0f} s still not: {what}")
            time.sleep(0.5)
        took = time.monotonic() - started
        self._say(f"{took:5.1f} s  {what}")
        return took
