"""The application without the agents, the table and the API. Each package in it says what it holds."""
