"""The demo from its first process to its last signal."""

import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass

from rich.console import Console

from app import stack
from app.access.asking import authorization
from app.access.listening import check_access
from app.asgi.listen import listen, local_url
from app.demo.children import ChildProcess, StackService
from app.demo.children import stop as stop_children
from app.demo.demo_watch import DemoWatch
from app.demo.guard import DemoGuard
from app.demo.http import Http
from app.demo.interrupts import Interrupts
from app.demo.signal_feed import SignalFeed
from app.demo.view import DemoView
from app.domain.source_names import Profile
from app.kafka.clients import endpoints
from app.kafka.topic_admin import ensure_topics
from app.settings import Settings
from app.sources.factory import DEFAULT_DAY
from app.sources.local_only import refuse_remote
from app.sources.run_id import new_run_id
from app.stack.progress import Shown

SYMBOLS = ("AAPL", "GOOGL", "SPY")


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What was asked for; `speed` as `stocks replay` takes it."""

    profile: Profile
    seed: int
    speed: str
    ends: bool


class Demo:
    """One run of the demo: a local stack (unless one runs), a worker, a producer, and their signals.

    `run` returns when all is shown, if the plan says that it ends, and otherwise goes on until KeyboardInterrupt; it
    leaves nothing behind that it has started. Raises StocksError with the reason when something fails.
    """

    def __init__(self, settings: Settings, plan: DemoPlan, console: Console) -> None:
        self._started = time.monotonic()
        self._settings, self._plan, self._console = settings, plan, console
        self._run_id = new_run_id("synthetic", DEFAULT_DAY)
        self._view = DemoView(console)
        self._children: list[ChildProcess] = []
        self.all_shown = False

    def run(self) -> None:
        """Run the demo."""
        with Interrupts() as interrupts, ExitStack() as cleanup:
            check_access(self._settings)
            self._claim_ports()
            guard = DemoGuard()
            cleanup.callback(guard.done)
            self._bring_up_cluster(guard, cleanup, interrupts)
            ensure_topics(self._settings)
            feed = SignalFeed(self._settings, self._run_id)
            cleanup.callback(feed.close)
            http = Http(self._api, self._producer, authorization(self._settings))
            cleanup.callback(http.close)
            cleanup.callback(self._stop_children)
            cleanup.callback(interrupts.ignore)
            with interrupts.held():
                self._start_children(guard)
            self._addresses()
            watched: list[ChildProcess | StackService] = [*self._services(), *self._children]
            watch = DemoWatch(self._run_id, SYMBOLS, feed, http, self._view, watched, self._console)
            watch.until_all_is_readable(self._started)
            self.all_shown = True
            if not self._plan.ends:
                self._console.print("All is shown. Ctrl-C stops everything.")
                watch.on()

    @property
    def _api(self) -> str:
        return local_url(self._settings.api_host, self._settings.api_port)

    @property
    def _producer(self) -> str:
        return local_url(self._settings.producer_host, self._settings.producer_port)

    def _claim_ports(self) -> None:
        ours = self._settings
        ports = {}
        for setting, host, port in (
            ("API_PORT", ours.api_host, ours.api_port),
            ("PRODUCER_PORT", ours.producer_host, ours.producer_port),
        ):
            with listen(setting, host, port) as sock:
                ports[setting.lower()] = sock.getsockname()[1]
        self._settings = ours.model_copy(update=ports)

    def _bring_up_cluster(self, guard: DemoGuard, cleanup: ExitStack, interrupts: Interrupts) -> None:
        ours = self._settings
        if not ours.kafka_bootstrap and not ours.schema_registry_url and stack.status(ours.stack_dir) is None:
            cleanup.callback(self._stop_stack)
            cleanup.callback(interrupts.ignore)
            guard.stack(ours.stack_dir)
            stack.start(
                ours.stack_dir,
                kafka_port=ours.kafka_port,
                registry_port=ours.schema_registry_port,
                progress=Shown(self._console),
            )
        found = endpoints(ours)
        refuse_remote(found.kafka, ours.synthetic_brokers)
        self._settings = ours.model_copy(
            update={"kafka_bootstrap": found.kafka, "schema_registry_url": found.schema_registry}
        )

    def _start_children(self, guard: DemoGuard) -> None:
        ours, plan = self._settings, self._plan
        # What is meant for `stocks replay` must not shape the demo.
        env = {name: value for name, value in os.environ.items() if name not in ("FILE", "SESSIONS")} | {
            "KAFKA_BOOTSTRAP": ours.kafka_bootstrap or "",
            "SCHEMA_REGISTRY_URL": ours.schema_registry_url or "",
            "API_PORT": str(ours.api_port),
            "PRODUCER_PORT": str(ours.producer_port),
        }
        logs = ours.stack_dir / "logs"
        faust = [sys.executable, "-m", "faust", "-A", "app.main", "worker", "-l", "warn"]
        produce = [sys.executable, "-m", "app.cli", "produce", "--source", "synthetic", "--symbols", ",".join(SYMBOLS)]
        produce += ["--date", str(DEFAULT_DAY), "--profile", plan.profile, "--seed", str(plan.seed)]
        produce += ["--speed", plan.speed, "--run-id", self._run_id]
        for name, arguments in (("worker", faust), ("producer", produce)):
            child = ChildProcess(name, arguments, env, logs / f"{name}.log")
            self._children.append(child)
            guard.child(child.process.pid)

    def _services(self) -> list[StackService]:
        status, logs = stack.status(self._settings.stack_dir), self._settings.stack_dir / "logs"
        if status is None or status.kafka != self._settings.kafka_bootstrap:
            return []
        return [
            StackService("Kafka", status.kafka_pid, logs / "kafka.log"),
            StackService("The schema registry", status.schema_registry_pid, logs / "registry.log"),
        ]

    def _stop_children(self) -> None:
        # Stop first, then print: printing may block while nobody reads.
        stop_children(self._children)
        self._console.print("Worker and producer are stopped.", style="dim")

    def _stop_stack(self) -> None:
        stack.stop(self._settings.stack_dir)
        self._console.print("Kafka and the schema registry are stopped; their data stay.", style="dim")

    def _addresses(self) -> None:
        self._console.print(
            f"{self._api}/?run={self._run_id}  the page: open it in a browser\n"
            f"SYNTHETIC bars, made up and no market data: {', '.join(SYMBOLS)} on {DEFAULT_DAY}, "
            f"profile {self._plan.profile}, seed {self._plan.seed}, run {self._run_id}\n"
            f"  {self._api}/signals     the newest signals\n"
            f"  {self._api}/docs        all of the API\n"
            f"  {self._producer}/health      the producer\n"
            f"  {self._settings.stack_dir / 'logs'}  what worker and producer log",
            highlight=False,
            soft_wrap=True,
        )
