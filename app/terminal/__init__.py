"""Readable text on a terminal, and an end when the terminal or the reader of a command has gone."""
