"""Signatures of webhooks, as https://www.standardwebhooks.com defines them (`v1`: HMAC-SHA256)."""

import base64
import binascii
import hmac

_PREFIX = "whsec_"
_LEAST_BYTES = 24


def parse_secret(text: str) -> bytes:
    """The key of a secret such as `whsec_…` (base64, at least 24 bytes). Raises ValueError without the text."""
    try:
        key = base64.b64decode(text.strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _LEAST_BYTES:
        raise ValueError(
            f"must be at least {_LEAST_BYTES} random bytes in base64: make one with `openssl rand -base64 32`"
        )
    return key


def sign(key: bytes, message_id: str, timestamp_s: int, body: bytes) -> str:
    """The header `webhook-signature` for these bytes; `timestamp_s` is UTC epoch seconds."""
    content = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
