"""Finds the files that the command line names, and reads them unpacked, up to a limit."""

import errno
import glob
import gzip
import io
import shlex
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

import pyarrow as pa

from app.domain.validation import LONGEST_LABEL
from app.sources.base import SourceError
from app.terminal.visible import visible

STANDARD_INPUT = "-"

Stdin = Callable[[], IO[bytes] | None]
"""Opens what stands for `-`; None where it is closed."""

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
#: With files, and without any.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ZIPPED = (".gz", ".zst", ".zip")
#: Bars shrink to a fifth, at best to a fiftieth. What grows more than this, and beyond so many bytes, is a trap.
_MOST_GROWTH, _GROWTH_ALLOWED = 200, 1 << 28
_MOST_MEMBERS = 100_000


@dataclass(frozen=True, slots=True)
class Input:
    """One file, or one member of a zip file."""

    path: Path
    member: str | None = None
    #: Standard input, kept in the file at `path`.
    piped: bool = False

    def __str__(self) -> str:
        if self.piped:
            return "standard input"
        return visible(f"{self.path}/{self.member}" if self.member else str(self.path))

    @property
    def name(self) -> str:
        """The file's own name, without folders and without `.gz`."""
        if self.piped:
            return "stdin"
        name = Path(self.member).name if self.member else self.path.name
        while name.lower().endswith(_ZIPPED):
            name = name[: name.rindex(".")]
        return name

    @property
    def label(self) -> str:
        """The name as it is written in messages and records."""
        return "stdin" if self.piped else visible(self.member or self.path.name)[-LONGEST_LABEL // 2 :]

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes, unpacked whatever the name says. Raises SourceError for what cannot be read, also later on."""
        with self._sentences(), self.path.open("rb") as raw:
            start = raw.read(4)
            raw.seek(0)
            if self.member is not None:
                with zipfile.ZipFile(raw) as archive, archive.open(self.member) as unpacked:
                    yield self._guarded(unpacked)
            elif start.startswith(_GZIP):
                with gzip.open(raw) as unpacked:
                    yield self._guarded(unpacked)
            elif start == _ZSTD:
                with pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd") as unpacked:
                    yield self._guarded(unpacked)
            else:
                yield raw

    def _guarded(self, unpacked: object) -> BinaryIO:
        bound = max(_GROWTH_ALLOWED, _MOST_GROWTH * self.path.stat().st_size)
        return cast(BinaryIO, io.BufferedReader(_Guarded(cast(BinaryIO, unpacked), bound), 1 << 16))

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except SourceError as error:
            raise SourceError(str(error) if str(error).startswith(str(self)) else f"{self}: {error}") from None
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            raise self._damaged(error) from None
        except (NotImplementedError, RuntimeError, KeyError) as error:  # zipfile: other methods, a password
            raise SourceError(f"{self}: it cannot be unpacked ({error}). Unpack it first.") from None
        except OSError as error:
            if error.errno is None:  # Arrow's, of zstd
                raise self._damaged(error) from None
            if error.errno == errno.EMFILE:
                raise SourceError(
                    f"{self}: too many files are open at once. Send fewer, or allow more: ulimit -n 100000."
                ) from None
            raise SourceError(f"{self}: {error.strerror or error}. Give the path of a file with bars.") from None

    def _damaged(self, error: Exception) -> SourceError:
        return SourceError(f"{self}: the packed data is damaged or cut off ({error}). Fetch the file again.")


class _Guarded(io.RawIOBase):
    """A reader that refuses to unpack more than a packed file of bars can hold."""

    def __init__(self, unpacked: BinaryIO, bound: int) -> None:
        self._unpacked, self._left, self._bound = unpacked, bound, bound

    def readable(self) -> bool:
        """True: it can be read."""
        return True

    def readinto(self, buffer: object) -> int:
        """As of any raw file."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self._unpacked.read(len(view))
        self._left -= len(data)
        if self._left < 0:
            raise SourceError(f"it unpacks to more than {self._bound:,} bytes, which no file of bars does")
        view[: len(data)] = data
        return len(data)


def standard_input() -> IO[bytes] | None:
    """What is piped into this process; None where it was closed, as the shell's `<&-` does."""
    return sys.stdin.buffer if sys.stdin else None


def find_inputs(
    texts: Sequence[str], folder: Callable[[], Path] | None = None, stdin: Stdin = standard_input
) -> list[Input]:
    """The files of paths, of patterns (`data/*.csv`), and of zip files; `-` is `stdin`, kept in the folder.

    Raises SourceError when there is none.
    """
    found: list[Input] = []
    for text in texts:
        found += _of_text(text, folder, stdin)
    # The same file by two patterns is meant once.
    return list(dict.fromkeys(found))


def _of_text(text: str, folder: Callable[[], Path] | None, stdin: Stdin) -> list[Input]:
    if text == STANDARD_INPUT:
        piped = stdin()
        if piped is None:
            raise SourceError("Standard input is closed: give the path of a file, or pipe one in.")
        return [_piped(piped, folder)]
    path = Path(text)
    if path.is_fifo():  # Such as a shell's <(zcat bars.csv.gz).
        with path.open("rb") as stream:
            return [_piped(stream, folder)]
    if path.exists():
        return _of_path(path)
    paths = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    if paths:
        return [each for name in paths if Path(name).is_file() for each in _of_path(Path(name))]
    # `make replay FILE="a.csv b.csv"` is one text.
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    if len(words) > 1:
        return [each for word in words for each in _of_text(word, folder, stdin)]
    raise SourceError(f"{text}: No such file. Give the path of a file with bars, or a pattern such as 'data/*.csv'.")


def _of_path(path: Path) -> list[Input]:
    if not path.is_file():
        all_in_it = f", or '{path}/*' for all in a folder" if path.is_dir() else ""
        raise SourceError(f"{path} is not a file. Give the path of a file with bars{all_in_it}.")
    try:
        with path.open("rb") as raw:
            zipped = raw.read(4) in _ZIP
        if not zipped:
            return [Input(path)]
        with zipfile.ZipFile(path) as archive:
            members = [member.filename for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise SourceError(f"{path}: the zip file is damaged or cut off ({error}). Fetch the file again.") from None
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}. Give the path of a file with bars.") from None
    if len(members) > _MOST_MEMBERS:
        raise SourceError(f"{path}: it holds {len(members):,} files, which is too many. Unpack it first.")
    return [Input(path, member) for member in sorted(members)]


def _piped(stream: IO[bytes], folder: Callable[[], Path] | None) -> Input:
    """All of standard input in a file: it is read twice, first to see that all is well."""
    if folder is None:
        raise SourceError("Standard input cannot be read here: give the path of a file.")
    place = folder()
    try:
        # A small amount is written only when the file is closed.
        with tempfile.NamedTemporaryFile(dir=place, delete=False) as kept:
            shutil.copyfileobj(stream, kept, 1 << 20)
    except OSError as error:
        raise SourceError(
            f"Standard input cannot be kept in {place}: {error.strerror or error}. "
            "Make room, or name another folder with TMPDIR."
        ) from None
    return Input(Path(kept.name), piped=True)
