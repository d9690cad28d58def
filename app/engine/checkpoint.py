"""How far the state of a partition has come: a record in the changelog beside the rows.

It is in the transaction of every batch that writes anything, so that state and
reading position are restored together.
"""

import json
import struct
from typing import NamedTuple

#: Row keys start with a run id, which is never empty and holds no NUL.
CHECKPOINT_KEY = b"\x00progress"

#: A record with this key says that all records before it no longer count.
RESET_KEY = b"\x00reset"

#: Version 1 is of release 0.1, whose rows this engine does not read.
VERSION = 2
_LAYOUT = struct.Struct("<Bq")


class Checkpoint(NamedTuple):
    """The source topic's id, the next offset to process, and the settings that made the state, as a text."""

    topic_id: str
    offset: int
    state: str


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """The value of the checkpoint record."""
    topic_id, offset, state = checkpoint
    return _LAYOUT.pack(VERSION, offset) + json.dumps([topic_id, state]).encode()


def decode_checkpoint(value: bytes) -> Checkpoint:
    """The checkpoint of a record. Raises ValueError for a value that another version wrote, or that is damaged."""
    if len(value) < _LAYOUT.size:
        raise ValueError(f"the checkpoint of {len(value)} bytes is cut off")
    version, offset = _LAYOUT.unpack_from(value)
    if version == 1:
        raise ValueError("the table was made by version 0.1, whose tables this version does not read")
    if version != VERSION:
        raise ValueError(
            f"the checkpoint has format version {version}, this program reads version {VERSION}: run a newer one"
        )
    try:
        topic_id, state = json.loads(value[_LAYOUT.size :])
    except (ValueError, TypeError, RecursionError):
        topic_id = state = None
    if not isinstance(topic_id, str) or not isinstance(state, str) or offset < 0:
        raise ValueError("the checkpoint is damaged")
    return Checkpoint(topic_id, offset, state)
