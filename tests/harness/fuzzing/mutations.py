"""Bytes near right ones."""

import random
from collections.abc import Sequence

from hypothesis import strategies as st

#: Lengths and counts that overflow something: Avro's 2^60, 2^63 - 1 and -2^63, ends of 16, 32 and 64 bits, and text.
TELLING = (
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x20",
    b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xff" * 8,
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x80",
    b"\xff\xff",
    b"\x00\x00\x00\x00\x00\x00\xf8\x7f",
    b"\x00\x00\x00\x00\x00\x00\xf0\x7f",
    b"\x00",
    b"\x01",
    b"99999999999999999999",
    b"1e999",
    b"nan",
    b"null",
    b"true",
    b'"',
    b",",
    b"\n",
    b"_",
    "٣".encode(),
    b"\xed\xa0\x80",
    b"[" * 2000,
    b"9" * 5000,
)


def near(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Seeds with up to four changes each, and any bytes at all."""
    patch = st.one_of(st.binary(max_size=9), st.sampled_from(TELLING))
    change = st.tuples(st.integers(0, 4200), st.integers(0, 9), patch)
    changed = st.builds(_changed, st.sampled_from(seeds), st.lists(change, min_size=1, max_size=4))
    return st.one_of(changed, st.binary(max_size=200))


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """One seed with a bit flipped, or with up to four changes; quicker made than an example of `near`."""
    data = chance.choice(seeds)
    if chance.random() < 0.3:
        place = chance.randrange(len(data))
        return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]
    changes = []
    for _ in range(chance.randint(1, 4)):
        patch = chance.choice(TELLING) if chance.random() < 0.5 else chance.randbytes(chance.randint(0, 9))
        changes.append((chance.randrange(4200), chance.choice((0, len(patch), chance.randint(0, 9))), patch))
    return _changed(data, changes)


def _changed(data: bytes, changes: Sequence[tuple[int, int, bytes]]) -> bytes:
    """With each patch in the place of so many bytes from there on."""
    for at, gone, patch in changes:
        place = at % (len(data) + 1)
        data = data[:place] + patch + data[place + gone :]
    return data
