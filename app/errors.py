"""The base class of all errors that a person can fix."""

from app.engine.errors import OperatorError


class StocksError(OperatorError):
    """Says in sentences what is wrong and how to fix it; the command line prints it without a traceback."""
