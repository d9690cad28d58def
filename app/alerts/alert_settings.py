"""The rules and limits for alerts, made from the settings."""

from app.alerts.outbox import DigestLimits
from app.alerts.rules import Rules
from app.settings import Settings


def rules_of(settings: Settings) -> Rules:
    """Which signals are worth an alert."""
    return Rules(
        frozenset(_names(settings.alert_symbols)),
        frozenset(_names(settings.alert_on)),
        frozenset(_names(settings.alert_origins)),
        settings.alert_seed_weight,
    )


def limits_of(settings: Settings) -> DigestLimits:
    """When alerts are sent together."""
    return DigestLimits(settings.alert_singles, int(settings.alert_fresh_minutes * 60_000))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
