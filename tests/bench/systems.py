"""What is measured: this tree's workers, other trees', and peers, by the names that reports have."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tests.bench.peers import python
from tests.bench.peers.peer import Peer, PeerUnavailable
from tests.bench.ratio import OURS
from tests.bench.trial import ROOT, Variant


class SameName(Exception):
    """Two of what is measured have one name."""


def variants_of(
    settings: Mapping[str, str], processes: Sequence[int], trees: Sequence[Path], peers: Sequence[Peer]
) -> dict[str, Variant]:
    """This project first, which the others are compared with. Raises SameName."""
    found = {OURS: Variant(ROOT, settings)}
    found |= {f"{OURS}-{number}": Variant(ROOT, settings, processes=number) for number in processes if number > 1}
    count = len(found) + len(trees) + len(peers)
    found |= {tree.name: Variant(tree, settings) for tree in trees}
    found |= {peer.name: Variant(peer=peer) for peer in peers}
    if len(found) < count:
        raise SameName(f"the trees need folders of different names, and others than {', '.join(found)}")
    return found


def peers_of(*, in_python: bool, on_jvm: bool, only: Sequence[str] = ()) -> list[Peer]:
    """Those asked for, ready to be run. Raises PeerUnavailable."""
    found = python.peers() if in_python else []
    if on_jvm:
        found += _jvm_peers()
    if unknown := set(only) - {peer.name for peer in found}:
        known = ", ".join(peer.name for peer in found)
        raise PeerUnavailable(f"there is no peer {', '.join(sorted(unknown))} among {known}")
    found = [peer for peer in found if not only or peer.name in only]
    for peer in found:
        peer.prepare()
    return found


def _jvm_peers() -> list[Peer]:
    if find_spec("tests.bench.peers.jvm") is None:
        raise PeerUnavailable("tests/bench/peers/jvm.py is not there: leave --with-jvm out")
    found: list[Peer] = import_module("tests.bench.peers.jvm").peers()
    return found
