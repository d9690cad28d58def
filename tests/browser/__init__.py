"""Tests of the page in a real browser, and the pictures of it."""
