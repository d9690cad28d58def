"""What tests lean on: doubles, the oracle, and programs that crash, soak, fuzz and press the real system."""
