"""Bars from files as they come: opening them, finding out their form, reading them in columns, checking, merging."""
