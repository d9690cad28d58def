"""A bench's results as JSON: for other programs, and for docs/performance.md."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import median
from typing import Any

from tests.bench.figures import Measurement
from tests.bench.measured_loads import KINDS
from tests.bench.profile import Profile
from tests.bench.ratio import ratio_line, times_faster
from tests.bench.report import ratios
from tests.bench.series import Measured
from tests.bench.trial import Variant

FORMAT = 1


def as_json(
    measured: Measured,
    variants: Mapping[str, Variant],
    profiles: Mapping[str, Profile],
    machine: Mapping[str, str],
    versions: Mapping[str, str],
) -> str:
    """Everything: figures by key, of each run that counts and their median."""
    peers = [name for name, variant in variants.items() if variant.peer]
    return json.dumps(
        {
            "format": FORMAT,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine,
            "versions": versions,
            "systems": {name: _system(variant) for name, variant in variants.items()},
            "loads": [
                {
                    "load": load,
                    "system": system,
                    "kind": KINDS[load].title,
                    "symbols": measured.loads[load, system].symbols,
                    "bars_each": measured.loads[load, system].bars_each,
                    "figures": _figures(KINDS[load], results),
                    "void": measured.void[load, system],
                    "runs": [asdict(result) for result in results],
                }
                for (load, system), results in measured.runs.items()
            ],
            "times_faster": times_faster(measured.runs),
            "ratio": ratio_line(measured.runs, peers),
            "ratios": list(ratios(measured.runs, KINDS)),
            "profiles": {load: asdict(each) for load, each in profiles.items()},
        },
        indent=1,
    )


def _system(variant: Variant) -> dict[str, Any]:
    peer = variant.peer
    return {
        "title": variant.title,
        "delivery": peer.delivery if peer else "exactly once",
        "processes": variant.processes,
        "share": variant.share,
    }


def _figures(kind: Measurement, results: list[Any]) -> dict[str, Any]:
    found = {}
    for figure in kind.figures:
        values = [value for result in results if (value := figure.value(result)) is not None]
        found[figure.key] = {"median": median(values), "values": values} if values else None
    return found
