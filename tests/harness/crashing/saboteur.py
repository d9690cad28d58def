"""What lets a fault happen in a worker, at the point that an order names."""

import asyncio
import os
import signal
import time
from threading import Lock, get_ident

from app.build import StocksApp
from app.engine.batch import Batch
from app.engine.failpoints import Failpoint
from tests.harness.crashing.order import IN_THE_LOOP, CrashFault, Order, Orders, Struck

FLUSH_SECONDS = 30.0
STOP_SECONDS = 30.0
LOOK_SECONDS = 0.05


class Sabotage(Exception):
    """The exception that an order wants."""


class Saboteur:
    """Looks on while a worker writes its batches, and carries out orders."""

    def __init__(self, app: StocksApp, orders: Orders) -> None:
        self._app = app
        self._orders = orders
        self._order: Order | None = None
        self._batches = 0
        # Batches of several partitions are written in threads at the same time.
        self._lock = Lock()
        app.processor.reached = self.look

    def look(self, point: Failpoint, batch: Batch) -> None:
        with self._lock:
            if point is Failpoint.AFTER_FOLD:
                self._order = self._orders.read()
                self._batches = 0 if self._order is None else self._batches + 1
            order = self._order
            if order is None or point is not order.point or self._batches < order.batch:
                return
            self._order = None
        if point is Failpoint.SOME_PRODUCED:
            self._app.producers[batch.tp]._producer.flush(FLUSH_SECONDS)
        if order.fault is CrashFault.STALL:
            self._orders.stalled(os.getpid()).touch()
        where = (batch.tp.topic, batch.partition, batch.start, batch.end)
        if self._orders.take(Struck(order, os.getpid(), *where)):
            self._let_happen(order)

    def _let_happen(self, order: Order) -> None:
        match order.fault:
            case CrashFault.KILL:
                os.kill(os.getpid(), signal.SIGKILL)
            case CrashFault.STOP:
                # Of all threads this one must not run on: the process as a whole may take a moment to stop.
                signal.pthread_kill(get_ident(), signal.SIGSTOP)
            case CrashFault.TERM:
                os.kill(os.getpid(), signal.SIGTERM)
                if order.point not in IN_THE_LOOP:
                    told = asyncio.run_coroutine_threadsafe(self._app.wait_until_stopped(), self._app.loop)
                    told.result(STOP_SECONDS)
            case CrashFault.RAISE:
                raise Sabotage(order.point)
            case CrashFault.STALL:
                stalled = self._orders.stalled(os.getpid())
                while stalled.exists():
                    time.sleep(LOOK_SECONDS)
