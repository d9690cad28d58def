import inspect
import logging

from alpaca_trade_api.stream import DataStream

from app.sources.alpaca.connection import PRIVATE


def test_the_private_names_of_the_client_are_there() -> None:
    client = DataStream("key", "secret", "wss://stream.example", raw_data=True)
    assert [name for name in PRIVATE if not hasattr(client, name)] == []
    assert [n for n in PRIVATE if n != "_ws" and not inspect.iscoroutinefunction(getattr(client, n))] == []


def test_frames_that_hold_the_keys_are_never_logged() -> None:
    assert not logging.getLogger("app.sources.alpaca.frames").isEnabledFor(logging.DEBUG)
