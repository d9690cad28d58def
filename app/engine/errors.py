"""The errors of the engine; each says what happens to the batch."""


class OperatorError(Exception):
    """An error that a person can mend: the message names cause and fix, and is shown without a traceback."""

    #: The exit status of a worker that cannot start; os.EX_TEMPFAIL if a later try may help.
    exit_status = 1


class Fenced(Exception):
    """The partition is no longer this worker's: the batch is dropped, with the partition's producer and memory."""


class ProducerLost(Fenced):
    """The partition's producer and its coordinator disagree, as after a crash of the broker: a new producer goes on."""


class NotCommitted(Exception):
    """The broker did not take the transaction: the same records can be written again, by the next producer."""


class StoreFull(Exception):
    """The disk of a local store has no room: what it lacks is restored from the changelog once there is room."""


class OffsetGap(RuntimeError):
    """A batch does not start where the one before it ended: records would be lost."""


class UnreadableState(OperatorError, ValueError):
    """State that this program cannot read; names table and key."""

    def __init__(self, table: str, key: bytes, why: Exception | str) -> None:
        super().__init__(f"table {table}, key {key!r}: {why}")
