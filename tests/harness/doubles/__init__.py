"""Doubles of what is outside: Alpaca, a registry, a clock, a proxy."""
