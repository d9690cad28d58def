"""The contract between the bench and a peer: another program that turns the bars into the same signals.

The bench starts `command()` with these environment variables:

| variable | means |
|---|---|
| KAFKA_BOOTSTRAP, SCHEMA_REGISTRY_URL | the cluster; PLAINTEXT |
| RAW_TOPIC | `Bar` in Confluent's wire format, key: the symbol. It exists, with the bars from its beginning on |
| SIGNALS_TOPIC | takes `Signal` in Confluent's wire format, key: the symbol, murmur2. It exists, as many partitions |
| APP_ID | consumer group, application id, prefix of transactional ids and of topics of its own |
| STATE_DIR | a folder of its own, which is there and is kept over a restart |
| BAR_SCHEMA, SIGNAL_SCHEMA | paths of the .avsc files; every bar is of this version |
| SIGNAL_SCHEMA_ID | the registered id, for the header of each signal |

It reads from the first bar on, writes the line `READY` to stdout when it begins to fetch, and logs to stderr.
SIGTERM ends it within 20 s. It may be killed at any time; started again, with the same environment, it goes on
from state that survived. Its session in the group lasts 10 s, as ours does by default.

Bars are new and in order, so duplicates, corrections and splits need no care. A series is a run and a symbol; keeping
it by symbol is enough, as a bench has one run. A peer keeps the newest 50 bars and the newest 50 signals of a symbol,
whole, and Wilder's two averages. Fields of a signal that need no arithmetic: `strategy` is
`sma20-sma50-rsi14-30-70/1`, `id` is run_id/symbol/timestamp/strategy/0, `revision` 0, `split` null. `gap_minutes` may
be null, as it takes the exchange's calendar; the bench does not compare it, nor `emitted_at`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.stack.cache import cache_dir

Delivery = Literal["at least once", "exactly once"]


class PeerUnavailable(Exception):
    """A peer cannot be run here; the message names what to do about it."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One of them."""

    #: A short key without spaces, as in `ratio ks_cached=1.2`.
    name: str
    #: As a table shows it, with versions, for example `Kafka Streams 4.3.1, cache off`.
    title: str
    delivery: Delivery
    #: Make what it runs on (an environment, classes), unless it is there already. Raises PeerUnavailable.
    prepare: Callable[[], None]
    #: The program and its arguments; called after `prepare`.
    command: Callable[[], Sequence[str]]
    #: How much of each load a slow one is given; rates, not times, are compared.
    share: float = 1.0


def peers_cache() -> Path:
    """A folder for environments, jars and classes, kept from one bench to the next; made if need be."""
    folder = cache_dir() / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
