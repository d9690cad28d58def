"""The settings: from the environment and `.env`, and what is wrong with them in sentences."""

from app.settings.model import Settings, SettingsError, load_settings, setting_fields, settings

__all__ = ["Settings", "SettingsError", "load_settings", "setting_fields", "settings"]
