"""What the workers show: each symbol on one of them, the others send there, and it is as it must be."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import httpx

#: Of a run and a symbol, the final signals of its newest bars, oldest first.
Expected = Mapping[tuple[str, str], Collection[Mapping[str, Any]]]

#: Of signals and bars; tables keep no more of a series.
LIMIT = 10_000


def wrong_tables(urls: Sequence[str], expected: Expected) -> list[str]:
    """Sentences that tell what the workers show wrongly."""
    problems = []
    with httpx.Client(timeout=30) as client:
        for (run_id, symbol), newest in expected.items():
            signals = list(newest)
            bars = signals[-1]["bars_seen"]
            answers = {url: client.get(f"{url}/signals/{symbol}?run={run_id}&limit={LIMIT}") for url in urls}
            holders = [url for url, answer in answers.items() if answer.status_code == 200]
            if len(holders) != 1:
                codes = {url: answer.status_code for url, answer in answers.items()}
                problems.append(f"{run_id}/{symbol} is on {len(holders)} workers: {codes}")
                continue
            elsewhere = {
                answer.headers.get("location", f"{answer.status_code}").partition("/signals")[0]
                for url, answer in answers.items()
                if url not in holders
            }
            if elsewhere - set(holders):
                problems.append(f"{run_id}/{symbol} is on {holders[0]}, others say {elsewhere}")
            shown = answers[holders[0]].json()["signals"]
            wanted = list(reversed(signals))
            if [_signal(each) for each in shown] != [_signal(each) for each in wanted]:
                problems.append(f"{run_id}/{symbol}: signals are {shown[:2]}…, expected {wanted[:2]}…")
            window = client.get(f"{holders[0]}/windows/{symbol}?run={run_id}&limit={LIMIT}").json()
            closes = [each["close"] for each in signals]
            if window["bars_seen"] != bars or [bar["close"] for bar in window["bars"]] != closes:
                problems.append(f"{run_id}/{symbol}: the window has {window['bars_seen']} bars, not {bars}")
    return problems


def _signal(signal: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(signal[name] for name in ("action", "previous_action", "close", "bars_seen", "gap_minutes"))
