"""Where Alpaca is, and the keys to it."""

import re
from dataclasses import dataclass
from typing import Self

from pydantic import SecretStr

from app.domain.source_names import Feed
from app.settings import Settings
from app.sources.alpaca.errors import AlpacaError

# People copy addresses with `/`, `/v2` or `/v2/iex` at the end; the client adds its own.
_VERSION = re.compile(r"/+(v2(/[a-z_]*)?/*)?$")


@dataclass(frozen=True, slots=True)
class Access:
    """One account's keys, the feed to read and three addresses, none of which ends in a slash or a version.

    No repr, log or message shows the secrets; `redact` removes them from texts that others wrote.
    """

    key_id: SecretStr
    secret: SecretStr
    feed: Feed = "iex"
    base_url: str = "https://paper-api.alpaca.markets"
    data_url: str = "https://data.alpaca.markets"
    stream_url: str = "wss://stream.data.alpaca.markets"

    @classmethod
    def of(cls, settings: Settings, feed: Feed | None = None) -> Self:
        """From the settings; `feed` overrides theirs. Raises AlpacaError when there are no keys."""
        if not (settings.apca_api_key_id and settings.apca_api_secret_key):
            raise AlpacaError(
                "Alpaca needs keys: set APCA_API_KEY_ID and APCA_API_SECRET_KEY in .env "
                "(a free account at alpaca.markets gives them), or use made-up bars: SOURCE=synthetic."
            )
        return cls(
            settings.apca_api_key_id,
            settings.apca_api_secret_key,
            feed or settings.feed,
            *(
                _VERSION.sub("", url)
                for url in (settings.apca_api_base_url, settings.apca_api_data_url, settings.apca_api_stream_url)
            ),
        )

    def redact(self, text: str) -> str:
        """`text` with *** in place of the keys."""
        for secret in (self.secret, self.key_id):
            text = text.replace(secret.get_secret_value(), "***")
        return text
