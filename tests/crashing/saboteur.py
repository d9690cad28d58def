"""What lets a fault happen in a worker, at the point that an order names."""

import os
import signal
from collections.abc import Callable, Sequence

from app.engine.app import BatchApp
from app.engine.batch import Batch
from app.engine.delivery import Delivery, Outgoing
from app.engine.points import Point
from app.engine.work import Worker
from tests.crashing.order import Fault, Order, Orders, Struck

#: The points that lie within the sending of a group of records, and where that begins.
PARTS = {Point.SOME_OUTPUTS: Point.BEFORE_OUTPUTS, Point.SOME_CHANGELOG: Point.AFTER_OUTPUTS}

Wanted = Callable[[], bool]


class Sabotage(Exception):
    """The exception that an order wants."""


class PartialDelivery(Delivery):
    """Sends, when told to, a part of a group, waits until the broker has it, and lets the fault happen.

    By then the rest lies with librdkafka: a worker that was paused sends it as it wakes up.
    """

    #: Lets the fault happen, given the part's topic, its size, the group's, and the last offset.
    halfway: Callable[[str, int, int, int], None] | None = None

    async def send(self, records: Sequence[Outgoing], wanted: Wanted) -> int:
        halfway, self.halfway = self.halfway, None
        if halfway is None or len(records) < 2:
            return await super().send(records, wanted)
        topic = records[0].topic
        part = max(1, sum(record.topic == topic for record in records) // 2)
        offset = await super().send(records[:part], wanted)
        pending = [lambda: halfway(topic, part, len(records), offset)]

        def still_wanted() -> bool:
            if pending:
                pending.pop()()
            return wanted()

        return max(offset, await super().send(records[part:], still_wanted))


class Saboteur:
    """Looks on while an agent works, and carries out the orders that are for it."""

    def __init__(self, app: BatchApp, agent: str, worker: Worker, delivery: PartialDelivery, orders: Orders) -> None:
        self._app = app
        self._agent = agent
        self._orders = orders
        self._order: Order | None = None
        self._batches = 0
        self._delivery = worker.delivery = delivery
        worker.reached = self.look

    async def look(self, point: Point, batch: Batch) -> None:
        if point is Point.BEFORE_OUTPUTS:
            self._delivery.halfway = None
            order = self._orders.read()
            self._order = order if order is not None and order.agent == self._agent else None
            self._batches = 0 if self._order is None else self._batches + 1
        order = self._order
        if order is None or self._batches < order.batch:
            return
        if point is PARTS.get(order.point):
            self._delivery.halfway = lambda *part: self._strike(order, batch, *part)
        elif point is order.point:
            self._strike(order, batch)
            if order.fault is Fault.TERM:
                await self._app.wait_until_stopped()

    def _strike(
        self, order: Order, batch: Batch, part_topic: str = "", part: int = 0, of: int = 0, offset: int = -1
    ) -> None:
        where = (batch.tp.topic, batch.partition, batch.start, batch.end)
        self._order = None
        if self._orders.take(Struck(order, os.getpid(), *where, part_topic, part, of, offset)):
            let_happen(order)


def let_happen(order: Order) -> None:
    match order.fault:
        case Fault.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Fault.STOP:
            os.kill(os.getpid(), signal.SIGSTOP)
        case Fault.TERM:
            os.kill(os.getpid(), signal.SIGTERM)
        case Fault.RAISE:
            raise Sabotage(f"{order.agent}, {order.point}")
