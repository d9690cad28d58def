"""The routes of the API and the page, one concern a file."""
