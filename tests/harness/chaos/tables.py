"""What the workers show: each symbol is on one of them, all say the same of it, and it is as it must be."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from tests.harness.http_client import http_client


class Shown(NamedTuple):
    """What is compared of a signal."""

    action: str
    previous_action: str | None
    close: float
    bars_seen: int
    gap_minutes: int | None


#: Of a run and a symbol, the final signals of its newest bars, oldest first.
Expected = Mapping[tuple[str, str], Collection[Shown]]

#: Of signals and bars; tables keep no more of a series.
LIMIT = 10_000


def wrong_tables(urls: Sequence[str], expected: Expected) -> list[str]:
    """Sentences that tell what the workers show wrongly."""
    problems = []
    with http_client(timeout=30) as client:
        for (run_id, symbol), newest in expected.items():
            signals = list(newest)
            bars = signals[-1].bars_seen
            path = f"/signals/{symbol}?run={run_id}&limit={LIMIT}"
            holders = [url for url in urls if client.get(f"{url}{path}&scope=local").status_code == 200]
            if len(holders) != 1:
                problems.append(f"{run_id}/{symbol} is on {len(holders)} workers: {holders}")
                continue
            answers = {url: client.get(f"{url}{path}") for url in urls}
            if wrong := {url: each.status_code for url, each in answers.items() if each.status_code != 200}:
                problems.append(f"{run_id}/{symbol} is on {holders[0]}, others say {wrong}")
                continue
            shown = answers[holders[0]].json()["signals"]
            if any(each.json()["signals"] != shown for each in answers.values()):
                problems.append(f"{run_id}/{symbol} is on {holders[0]}, others say something else")
            wanted = list(reversed(signals))
            if [as_shown(each) for each in shown] != wanted:
                problems.append(f"{run_id}/{symbol}: signals are {shown[:2]}…, expected {wanted[:2]}…")
            window = client.get(f"{holders[0]}/windows/{symbol}?run={run_id}&limit={LIMIT}").json()
            closes = [each.close for each in signals]
            if window["bars_seen"] != bars or [bar["close"] for bar in window["bars"]] != closes:
                problems.append(f"{run_id}/{symbol}: the window has {window['bars_seen']} bars, not {bars}")
    return problems


def as_shown(signal: Mapping[str, Any]) -> Shown:
    """What is compared of a signal, as the API and the oracle give it."""
    return Shown(*(signal[name] for name in Shown._fields))
