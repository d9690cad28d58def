"""Where bars come from: files, Alpaca, or made up; each is one small `Source` (base.py)."""
