"""Whether the settings are good, which needs no cluster."""

from app.doctor.finding import Finding
from app.doctor.services import check_who_may_ask
from app.domain.check_rule import check_rule
from app.domain.rule import RuleError
from app.settings import Settings, SettingsError, load_settings


def read_settings() -> tuple[Settings | None, list[Finding]]:
    """The settings, None if one is bad, and what is to be said about them: a finding for each bad one."""
    try:
        settings = load_settings()
    except SettingsError as error:
        return None, [Finding("broken", "settings", fault, "see .env.example") for fault in error.faults]
    try:
        if settings.strategy.own_rule:
            check_rule(settings.strategy)
    except RuleError as error:
        fault = f"STRATEGY={settings.rule}: {error}"
        return None, [Finding("broken", "settings", fault, "see docs/strategy.md")]
    return settings, [Finding("ok", "settings", "all known and good"), check_who_may_ask(settings)]
