"""What both sources of Alpaca's bars share: whom they ask, and their records, numbered as they come."""

from collections.abc import Iterator, Sequence

from app.domain.records import Bar, Origin
from app.sources.alpaca.bar import AlpacaBar, BadBar, to_bar
from app.sources.alpaca.fetch import Fetch
from app.sources.alpaca.rest import Api
from app.sources.base import Fault, OnFault, OnNotice


class AlpacaSource:
    """The part of a Source that does not depend on when its bars come. Raises SourceError if there is no symbol."""

    name: str
    origin: Origin
    total: int | None = None

    def __init__(
        self, api: Api, symbols: Sequence[str], *, run_id: str, on_fault: OnFault, on_notice: OnNotice
    ) -> None:
        self.run_id = run_id
        self.read = 0
        self.doing: str | None = None
        self._api, self._on_fault, self._on_notice = api, on_fault, on_notice
        self._fetch = Fetch(api, symbols, self._skip, on_notice)

    @property
    def trouble(self) -> str | None:
        """Why a request is being tried again."""
        return self._api.trouble

    @property
    def requests_last_minute(self) -> int:
        """How many requests it made in the last 60 seconds."""
        return self._api.requests_last_minute

    def stop(self) -> None:
        """Ends its waiting, from another thread."""
        self._api.close()

    def _records(self, bar: AlpacaBar, origin: Origin) -> Iterator[Bar]:
        """The record of a bar; none of a bar that is not sound, which is reported."""
        try:
            record = to_bar(bar, origin=origin, source=self.name, feed=self._api.access.feed, run_id=self.run_id)
        except BadBar as error:
            self._skip(str(error))
        else:
            self.read += 1
            yield record

    def _skip(self, reason: str) -> None:
        """Reports the next one, which is no bar."""
        self.read += 1
        self._on_fault(Fault(self.read, reason))
