"""The windows table: its rows, their bytes, and the windows in memory. It is restored from its changelog."""
