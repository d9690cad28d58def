"""Tests with real processes on a real Kafka and a real registry."""
