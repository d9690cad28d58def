"""Where Alpaca is, and the keys to it."""

import re
from dataclasses import dataclass
from typing import Self

from pydantic import SecretStr

from app.settings import Settings
from app.sources.alpaca.errors import AccessMissing
from app.sources.names import Feed

_VERSIONED = re.compile(r"/+(v2(/[a-z_]*)?/*)?$")


@dataclass(frozen=True, slots=True)
class Access:
    """One account's keys, the feed to read and three addresses, none of which ends in a slash or a version.

    The secrets show in no repr, log or message; `redact` takes them out of what others write.
    """

    key_id: SecretStr
    secret: SecretStr
    feed: Feed = "iex"
    base_url: str = "https://paper-api.alpaca.markets"
    data_url: str = "https://data.alpaca.markets"
    stream_url: str = "wss://stream.data.alpaca.markets"

    @classmethod
    def of(cls, settings: Settings, feed: Feed | None = None) -> Self:
        """As the settings say; `feed` overrides theirs. Raises AccessMissing."""
        if not (settings.apca_api_key_id and settings.apca_api_secret_key):
            raise AccessMissing(
                "Alpaca needs keys: set APCA_API_KEY_ID and APCA_API_SECRET_KEY in .env "
                "(a free account at alpaca.markets gives them), or use made-up bars: SOURCE=synthetic."
            )
        return cls(
            key_id=settings.apca_api_key_id,
            secret=settings.apca_api_secret_key,
            feed=feed or settings.feed,
            base_url=_bare(settings.apca_api_base_url),
            data_url=_bare(settings.apca_api_data_url),
            stream_url=_bare(settings.apca_api_stream_url),
        )

    def redact(self, text: str) -> str:
        """`text` without the keys, should somebody have put them there."""
        for secret in (self.secret, self.key_id):
            text = text.replace(secret.get_secret_value(), "***")
        return text


def _bare(url: str) -> str:
    """Without `/`, `/v2` or `/v2/iex` at its end, which people copy along: the client adds its own."""
    return _VERSIONED.sub("", url)
