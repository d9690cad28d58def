"""Where bars come from: every source is one small `Source` (base.py)."""
