"""The base of all errors that are a person's to mend."""

from app.engine.errors import OperatorError


class StocksError(OperatorError):
    """What is wrong and how to mend it, in sentences: the command line prints it without a traceback."""
