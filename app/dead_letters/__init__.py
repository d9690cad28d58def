"""Dead letters: what one says of itself, and how they are read back, judged, counted and sent again."""
