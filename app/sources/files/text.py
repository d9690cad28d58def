"""The lines of a text file as blocks of UTF-8, whatever encoding and line ends they came in."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from app.sources.base import SourceError

#: Of a line, in bytes; a longer one is no bar, and must not be read into memory as a whole.
LONGEST_LINE = 16_384

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(start: bytes) -> str:
    """`utf-8`, `utf-16` and the like, by the mark at the start or by where the zeros are. Raises SourceError."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if b"\0" not in start[:64]:
        return "utf-8"
    if not start[1:64:2].strip(b"\0"):
        return "utf-16-le"
    if not start[0:64:2].strip(b"\0"):
        return "utf-16-be"
    raise SourceError("it is not text, and no packed file or Parquet file either. Give a file with bars.")


def blocks(binary: BinaryIO, size: int) -> Iterator[bytes]:
    """The text in blocks of whole lines, each ended by a newline; of a line that is too long only the beginning.

    What is not UTF-8 stays as it is, so that it spoils its own line only. In text of another encoding it
    becomes U+FFFD.
    """
    carried = b""
    for text in _utf8(binary, size):
        carried += text
        end = carried.rfind(b"\n") + 1
        if end:
            yield carried[:end]
            carried = carried[end:]
        # Twice as long: what follows the beginning is forgotten, the newline that ends it is not.
        if len(carried) > 2 * LONGEST_LINE:
            carried = carried[:LONGEST_LINE]
    if carried:
        yield carried + b"\n"


def _utf8(binary: BinaryIO, size: int) -> Iterator[bytes]:
    """Pieces of the text in UTF-8, with `\\n` at the ends of lines."""
    start = binary.read(size)
    encoding = encoding_of(start)
    decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)(errors="replace")
    data = start.removeprefix(codecs.BOM_UTF8) if encoding == "utf-8" else start
    held = b""
    while True:
        last = not start
        text = data if decoder is None else decoder.decode(data, last).encode("utf-8", "replace")
        text = held + text
        # A \r may be the half of a line's end.
        held = b"\r" if text.endswith(b"\r") and not last else b""
        if b"\r" in text:
            text = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield text
        if last:
            return
        start = data = binary.read(size)
