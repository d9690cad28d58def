"""Bytes that releases wrote, which every later version must read."""
