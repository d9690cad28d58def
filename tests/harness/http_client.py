"""Asking a server of a test."""

from typing import Any

import httpx


def http_client(**options: Any) -> httpx.Client:
    """A client for http:// only: for https it would read all certificates first, in 23 ms of processor time."""
    return httpx.Client(trust_env=False, verify=False, **options)  # noqa: S501
