"""Dead letters: how they are written, read back, judged, counted and sent again."""
