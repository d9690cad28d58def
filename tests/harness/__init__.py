"""What tests lean on: doubles, the oracle, and programs that crash, disturb, soak, fuzz and press the real system."""
