"""What a worker says while it works: a few lines as it starts, one a minute, and one when something is wrong."""
