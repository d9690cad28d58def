"""The agents, one a file: they connect decoding, the domain's folds, the tables and the outputs."""
