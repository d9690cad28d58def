"""What is fuzzed: decoders by family, each with values that are right and a check that takes any bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """Decoders that read one kind of bytes.

    `check` raises nothing when the decoders do what they promise: they give
    what is right, or raise what they document.
    """

    name: str
    seeds: Sequence[bytes]
    check: Callable[[bytes], None]
