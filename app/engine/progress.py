"""How far the state of a partition has come: a record in the changelog beside the values.

It is written with every batch, also with one that changed no value, so that
state and reading position are restored together.
"""

import struct

#: Table keys start with a run id, which is never empty and holds no NUL.
PROGRESS_KEY = b"\x00progress"

VERSION = 1
_LAYOUT = struct.Struct("<Bq")


def encode_progress(topic_id: str, offset: int) -> bytes:
    """The value of the progress record: the source topic's id and the next offset to process."""
    return _LAYOUT.pack(VERSION, offset) + topic_id.encode()


def decode_progress(value: bytes) -> tuple[str, int]:
    """Topic id and next offset. Raises ValueError for a value that another version wrote, or that is damaged."""
    if len(value) < _LAYOUT.size:
        raise ValueError(f"progress record of {len(value)} bytes is cut off")
    version, offset = _LAYOUT.unpack_from(value)
    if version != VERSION:
        raise ValueError(f"progress record of version {version}; this worker reads version {VERSION}")
    if offset < 0:
        raise ValueError(f"progress record with offset {offset} is damaged")
    return value[_LAYOUT.size :].decode(), offset
