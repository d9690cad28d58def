"""The rules that STRATEGY can name, one a file, in the form that a user's own file has."""
