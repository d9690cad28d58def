"""Bars from files of many forms: opens files, finds out their form, reads them in columns, checks and merges them."""
