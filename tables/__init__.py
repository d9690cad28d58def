"""The changelog-backed tables and the binary layout of their values."""
