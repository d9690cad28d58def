"""The application: all but the agents, the table and the API; each package in it says what it holds."""
