import pytest
from pydantic import SecretStr

from app.settings import Settings
from app.sources.alpaca.errors import AlpacaError
from app.sources.alpaca.live import AlpacaLive
from app.sources.alpaca.source import open_live


def opened(**settings: object) -> AlpacaLive:
    return open_live(
        Settings(_env_file=None, **settings),  # type: ignore[arg-type, call-arg]
        ["AAPL"],
        None,
    )


KEYS = {"apca_api_key_id": SecretStr("a-key"), "apca_api_secret_key": SecretStr("a-secret")}


def test_how_bars_come_follows_from_the_settings() -> None:
    polling, streaming = opened(**KEYS), opened(**KEYS, stream=True, feed="sip")
    assert str(polling) == "alpaca-live, feed iex, by 1 request a minute: AAPL"
    assert str(streaming) == "alpaca-live, feed sip, by websocket and by 1 request a minute: AAPL"
    assert streaming.run_id == "live-sip-raw-regular"
    assert "a-secret" not in repr(vars(polling))


def test_without_keys_it_says_where_to_get_them() -> None:
    with pytest.raises(AlpacaError, match="set APCA_API_KEY_ID and APCA_API_SECRET_KEY"):
        opened()
