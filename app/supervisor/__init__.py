"""`stocks worker --processes N`: several workers on one machine, started, restarted and stopped together."""
