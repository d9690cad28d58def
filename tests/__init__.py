"""The tests, and what measures and attacks the system; ARCHITECTURE.md has a table of the folders."""
