"""`make compose-test`: docker-compose.yml on a real engine, with its containers killed one after the other."""
