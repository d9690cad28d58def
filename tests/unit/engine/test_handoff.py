import asyncio
from typing import Any

from app.engine.app import BatchApp
from app.engine.handoff import MOST_WAITING, Handoff


async def test_what_is_handed_on_is_taken_in_order(app: BatchApp) -> None:
    handoff: Any = Handoff(app)
    next_agent = aiter(handoff)

    async def hand_on() -> None:
        for number in range(5):
            await handoff.put(number)

    handing_on = asyncio.ensure_future(hand_on())
    assert [await anext(next_agent) for _ in range(5)] == [0, 1, 2, 3, 4]
    await handing_on


async def test_the_agent_before_waits_for_the_next(app: BatchApp) -> None:
    handoff: Any = Handoff(app)
    next_agent = aiter(handoff)
    for _ in range(MOST_WAITING):
        await handoff.put("waits")
    one_more = asyncio.ensure_future(handoff.put("one more"))
    done, _ = await asyncio.wait({one_more}, timeout=0.05)
    assert not done
    await anext(next_agent)
    await asyncio.wait_for(one_more, 5)


async def test_a_rebalance_does_not_take_away_what_was_begun(app: BatchApp) -> None:
    handoff: Any = Handoff(app)
    next_agent = aiter(handoff)
    app.flow_control.resume()
    await handoff.put("begun")
    app.flow_control.suspend()
    app.flow_control.clear()
    assert await asyncio.wait_for(anext(next_agent), 5) == "begun"
