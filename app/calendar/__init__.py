"""The exchange's calendar."""
