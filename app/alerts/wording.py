"""Alerts in words. Nothing that a symbol or an explanation holds can break a line or move a cursor."""

from collections import Counter
from collections.abc import Sequence

from app.alerts.alert import Alert
from app.alerts.message import AlertMessage
from app.domain.records import MINUTE_MS
from app.terminal.visible import visible
from app.times import iso

#: An alert that is younger does not say its age.
_YOUNG_MS = 2 * MINUTE_MS
#: Kept free in a digest for its first and last lines.
_MARGIN = 400
_ADVICE = "One simple rule's reading of past prices; no advice."
_REPEATED = "Possibly repeated: the program or the connection ended before an earlier attempt was answered."


def title(message: AlertMessage) -> str:
    """One line without prices, for example `BUY AAPL`."""
    if message.is_test:
        return "TEST: stock-signals can reach you"
    if message.digest:
        counts = Counter(_what(each) for each in message.alerts)
        number = len(message.alerts)
        text = f"{number} alert{'s' if number > 1 else ''}: " + ", ".join(f"{n} {what}" for what, n in counts.items())
    else:
        [alert] = message.alerts
        text = _headline(alert)
    text = visible(text)
    return f"{text} (possibly repeated)" if message.possibly_repeated else text


def body(message: AlertMessage, now_ms: int) -> str:
    """The text; `now_ms`, UTC epoch milliseconds, is when it is sent."""
    if message.is_test:
        return f"Sent by `stocks alerts --test` at {iso(now_ms)}. This is no signal."
    if message.digest:
        lines = [digest_line(each, now_ms) for each in message.alerts]
    else:
        [alert] = message.alerts
        lines = [*_sentences(alert, now_ms)]
    if message.possibly_repeated:
        lines.append(_REPEATED)
    return "\n".join([*lines, _ADVICE])


def fitting(alerts: Sequence[Alert], now_ms: int, characters: int) -> int:
    """How many of these alerts a digest of so many characters can hold; at least one."""
    left = characters - _MARGIN
    for index, each in enumerate(alerts):
        # The age is longer when it is sent again.
        left -= len(digest_line(each, now_ms)) + 10
        if left < 0:
            return max(1, index)
    return len(alerts)


def digest_line(alert: Alert, now_ms: int) -> str:
    """One alert of a digest, for example `2024-11-14T15:29:00Z BUY AAPL at 214.4, 3 h 12 min ago`."""
    signal = alert.signal
    text = f"{iso(signal['timestamp'])} {_headline(alert)} at {signal['close']:g}"
    return visible(f"{text}, {age(alert.age_ms(now_ms))} ago")


def age(ms: int) -> str:
    """A length of time in two units at most."""
    minutes = ms // MINUTE_MS
    hours, days = minutes // 60, minutes // (24 * 60)
    if minutes < 1:
        return f"{ms // 1000} s"
    if hours < 1:
        return f"{minutes} min"
    if days < 1:
        return f"{hours} h {minutes % 60} min"
    return f"{days} d {hours % 24} h"


def _sentences(alert: Alert, now_ms: int) -> list[str]:
    signal = alert.signal
    before = f" (before: {signal['previous_action']})" if signal["previous_action"] else ""
    lines = []
    if alert.kind == "withdrawn":
        turned = "" if signal["transition"] else ", as the bar before"
        lines.append(
            f"{alert.earlier} {signal['symbol']} of {iso(signal['timestamp'])} no longer holds: after a correction "
            f"this bar is {signal['action']}{turned}."
        )
    else:
        lines.append(
            f"{signal['action']} {signal['symbol']} at {signal['close']:g}, bar of {iso(signal['timestamp'])}{before}."
        )
    if signal["explanation"]:
        lines.append(f"{signal['explanation']}.")
    if alert.kind == "revised":
        sent = f" Sent before as {alert.earlier}." if alert.earlier else ""
        lines.append(f"Revision {signal['revision']}: a correction or a late bar changed this bar's signal.{sent}")
    if signal["origin"] != "live":
        lines.append(_ORIGINS.get(signal["origin"], f"Origin: {signal['origin']}."))
    if alert.age_ms(now_ms) >= _YOUNG_MS:
        lines.append(f"This is {age(alert.age_ms(now_ms))} old.")
    return [visible(line) for line in lines]


_ORIGINS = {
    "synthetic": "SYNTHETIC: made-up bars, no market data.",
    "replay": "REPLAY: bars of the past, played again.",
    "backfill": "BACKFILL: a bar that was fetched later.",
}


def _headline(alert: Alert) -> str:
    origin = "" if alert.signal["origin"] == "live" else f"{alert.signal['origin'].upper()} "
    if alert.kind == "withdrawn":
        return f"{origin}WITHDRAWN: {alert.earlier} {alert.signal['symbol']}"
    revised = f" (revision {alert.signal['revision']})" if alert.kind == "revised" else ""
    return f"{origin}{alert.signal['action']} {alert.signal['symbol']}{revised}"


def _what(alert: Alert) -> str:
    return "withdrawn" if alert.kind == "withdrawn" else alert.signal["action"]
