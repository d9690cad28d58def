"""The sources of bars: files, Alpaca, synthetic bars. Each is one small `Source` (base.py)."""
