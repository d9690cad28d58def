"""Rules in files: those of this project by their names, and anyone's own by a path."""
