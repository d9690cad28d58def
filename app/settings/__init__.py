"""The settings, from the environment and `.env`; each fault in them is explained in a sentence."""

from app.settings.model import Settings, SettingsError, load_settings, setting_fields, settings

__all__ = ["Settings", "SettingsError", "load_settings", "setting_fields", "settings"]
