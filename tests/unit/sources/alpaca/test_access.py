import pytest
from pydantic import SecretStr

from app.settings import Settings
from app.sources.alpaca.access import Access
from app.sources.alpaca.errors import AlpacaError


def settings(**changes: object) -> Settings:
    return Settings(_env_file=None, **changes)  # type: ignore[arg-type, call-arg]


KEYS = {"apca_api_key_id": "PKID", "apca_api_secret_key": "hush"}


def test_the_settings_say_it_all() -> None:
    access = Access.of(settings(**KEYS, feed="sip"))
    assert (access.key_id.get_secret_value(), access.secret.get_secret_value()) == ("PKID", "hush")
    assert (access.feed, access.base_url, access.data_url, access.stream_url) == (
        "sip",
        "https://paper-api.alpaca.markets",
        "https://data.alpaca.markets",
        "wss://stream.data.alpaca.markets",
    )


def test_a_feed_that_is_asked_for_wins() -> None:
    assert Access.of(settings(**KEYS, feed="sip"), "iex").feed == "iex"


def test_without_keys_the_sentence_says_where_to_get_them() -> None:
    with pytest.raises(AlpacaError, match=r"set APCA_API_KEY_ID and APCA_API_SECRET_KEY in \.env"):
        Access.of(settings())


@pytest.mark.parametrize("end", ["", "/", "/v2", "/v2/", "/v2/iex", "//"])
def test_addresses_may_end_as_people_copy_them(end: str) -> None:
    access = Access.of(settings(**KEYS, apca_api_data_url=f"http://a.b:81{end}", apca_api_stream_url=f"ws://c{end}"))
    assert (access.data_url, access.stream_url) == ("http://a.b:81", "ws://c")


def test_keys_show_nowhere() -> None:
    access = Access(SecretStr("PKID"), SecretStr("hush"))
    assert "PKID" not in f"{access!r} {access}"
    assert "hush" not in f"{access!r} {access}"
    assert access.redact("said hush to PKID") == "said *** to ***"
