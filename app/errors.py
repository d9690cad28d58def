"""The base of all errors that are a person's to mend."""


class StocksError(Exception):
    """What is wrong and how to mend it, in sentences: the command line prints it without a traceback."""
