"""Errors of the local stack."""

from app.errors import StocksError


class StackError(StocksError):
    """What went wrong with the local stack, its likely cause and the fix."""


class PortTakenError(StackError):
    """Another process was quicker to listen on a port that had been free."""
