"""Who is in a consumer group, and making the dead leave it: it would wait for them until their session is over."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import DescribeGroupsRequest
from aiokafka.protocol.group import LeaveGroupRequest

Answer = TypeVar("Answer")

#: Sends a request to the only broker there is.
Send = Callable[[Any], Awaitable[Any]]


class MemberGroup(NamedTuple):
    """A group's state, in Kafka's words, and the ids of its members."""

    state: str
    members: list[str]


def describe(kafka: str, group: str) -> MemberGroup:
    return asyncio.run(_asking(kafka, lambda send: _describe(send, group)))


def evict_all(kafka: str, group: str) -> None:
    """Let each member of a group leave it, unless its session is over by now."""
    asyncio.run(_asking(kafka, lambda send: _evict_all(send, group)))


async def _describe(send: Send, group: str) -> MemberGroup:
    response = await send(DescribeGroupsRequest([group]))
    _, _, state, _, _, members, *_ = response.groups[0]
    return MemberGroup(state, [member[0] for member in members])


async def _evict_all(send: Send, group: str) -> None:
    for member in (await _describe(send, group)).members:
        await send(LeaveGroupRequest(group, member))


async def _asking(kafka: str, ask: Callable[[Send], Awaitable[Answer]]) -> Answer:
    client = AIOKafkaClient(bootstrap_servers=kafka)
    try:
        await client.bootstrap()
        broker = client.get_random_node()
        return await ask(lambda request: client.send(broker, request))
    finally:
        await client.close()
