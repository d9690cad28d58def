"""Dead letters as a person sees them: found, judged, sent again."""
