import inspect
import logging
import random
from contextlib import suppress

import msgpack
import pytest
from alpaca_trade_api.stream import DataStream

from app.sources.alpaca.stream_socket import PRIVATE, Garbled, unpack
from tests.unit.sources.alpaca.scripted_stream import bar


def test_the_private_names_of_the_client_are_there() -> None:
    client = DataStream("key", "secret", "wss://stream.example", raw_data=True)
    assert [name for name in PRIVATE if not hasattr(client, name)] == []
    assert [n for n in PRIVATE if n != "_ws" and not inspect.iscoroutinefunction(getattr(client, n))] == []


def test_frames_that_hold_the_keys_are_never_logged() -> None:
    assert not logging.getLogger("app.sources.alpaca.frames").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize("frame", ["text", b"", b"\xc1", msgpack.packb({"T": "b"}), msgpack.packb(1), b"\x91" * 9999])
def test_says_what_is_no_frame_of_alpacas(frame: str | bytes) -> None:
    with pytest.raises(Garbled, match="a frame"):
        unpack(frame)


def test_damaged_frames_raise_nothing_else() -> None:
    dice = random.Random(1)
    whole = msgpack.packb([bar("AAPL"), bar("SPY")])
    for _ in range(5000):
        damaged = bytearray(whole[: dice.randrange(len(whole) + 1)])
        for _ in range(dice.randrange(4) if damaged else 0):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        with suppress(Garbled):
            assert isinstance(unpack(bytes(damaged)), list)
