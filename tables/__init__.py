"""The table of windows: its rows, their bytes, and the cache in memory; it is restored from its changelog."""
