"""Records of Alpaca's bars, numbered as they come."""

from collections.abc import Iterator

from app.domain.records import Bar, Origin
from app.sources.alpaca.bar import AlpacaBar, BadBar, to_bar
from app.sources.base import Fault, OnFault


class RecordMaker:
    """Makes the records of one run, and reports what is no bar under its number."""

    def __init__(self, source: str, feed: str, run_id: str, on_fault: OnFault) -> None:
        #: How many bars were made or skipped so far.
        self.read = 0
        self._source, self._feed, self._run_id = source, feed, run_id
        self._on_fault = on_fault

    def records(self, bar: AlpacaBar, origin: Origin) -> Iterator[Bar]:
        """The record of a bar; none of a bar that is not sound, which is reported."""
        try:
            record = to_bar(bar, origin=origin, source=self._source, feed=self._feed, run_id=self._run_id)
        except BadBar as error:
            self.skip(str(error))
        else:
            self.read += 1
            yield record

    def skip(self, reason: str) -> None:
        """Report the next one, which is no bar."""
        self.read += 1
        self._on_fault(Fault(self.read, reason))
