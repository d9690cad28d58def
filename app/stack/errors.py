"""Errors of the local stack."""


class StackError(Exception):
    """What went wrong with the local stack, its likely cause and the fix, in words for the user."""


class PortTakenError(StackError):
    """Another process was quicker to listen on a port that had been free."""
