"""`python -m app.cli` is `stocks`, for child processes of the same environment."""

from app.cli import main

main()
