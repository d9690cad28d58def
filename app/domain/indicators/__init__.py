"""The indicators, one a file: short functions on columns of closes."""
