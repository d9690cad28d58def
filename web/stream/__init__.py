"""Push: the signals as server-sent events, the same from any worker, with resume.

`topic` reads stocks.signals, `hub` keeps what came last and hands it to all clients, `subscriber` makes
one client's events, `response` writes them to the socket, `snapshot` makes the present state.
"""

from web.reader import Reader
from web.stream.filter import StreamFilter
from web.stream.hub import Hub
from web.stream.intervals import USUAL, Intervals
from web.stream.partitions import Partitions
from web.stream.position import StreamId, UnreadableId, parse_id
from web.stream.snapshot import Snapshots
from web.stream.subscriber import Subscriber
from web.workers.gather import WorkerGroup


class Push:
    """All of push on one worker."""

    def __init__(self, hub: Hub, reader: Reader, group: WorkerGroup, intervals: Intervals = USUAL) -> None:
        self.hub = hub
        self._intervals = intervals
        self._partitions = Partitions(hub, reader)
        self._snapshots = Snapshots(hub, reader, self._partitions, group, intervals)

    def client(self, wanted: StreamFilter, last_id: str | None) -> Subscriber:
        """A client that is new, or goes on behind the id of the last event that it got."""
        at: StreamId | str | None = None
        if last_id:
            try:
                at = parse_id(last_id, self.hub.source.partitions)
            except UnreadableId as error:
                at = str(error)
            else:
                wanted = wanted if wanted.named else wanted.with_run(at.run_id)
        return Subscriber(self.hub, self._snapshots, self._partitions, wanted, at, self._intervals)

    def close(self) -> None:
        """End all streams, at once."""
        self.hub.close()
