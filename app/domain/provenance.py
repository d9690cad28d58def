"""Where a bar came from."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from app.domain.records import Origin


class Provenance(NamedTuple):
    """Origin, source, feed and adjustment of a bar; signals carry all but the last."""

    origin: Origin
    source: str
    feed: str
    adjustment: str = ""


@lru_cache(maxsize=4096)
def provenance_of(origin: Origin, source: str, feed: str, adjustment: str) -> Provenance:
    """The same object for the same texts: thousands of bars have one in common."""
    return Provenance(origin, source, feed, adjustment)


def distinct_provenances(
    provenances: Sequence[Provenance] | npt.NDArray[np.object_],
) -> tuple[list[Provenance], npt.NDArray[np.int64]]:
    """The different objects among n provenances, and which of them each is, i8[n]; equal ones may come twice."""
    by_identity = {id(each): each for each in provenances}
    if len(by_identity) == 1:
        return list(by_identity.values()), np.zeros(len(provenances), np.int64)
    numbers = {identity: number for number, identity in enumerate(by_identity)}
    which = map(numbers.__getitem__, map(id, provenances))
    return list(by_identity.values()), np.fromiter(which, np.int64, len(provenances))
