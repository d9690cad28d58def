"""What holds for all tests."""

import signal

# A shell has its background jobs, and all that they start, ignore SIGINT; some tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)
