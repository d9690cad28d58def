"""What a command owes the terminal it runs on: readable text, and an end when the terminal or its reader has gone."""
