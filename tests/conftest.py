"""What holds for all tests."""

import signal

from hypothesis import HealthCheck, settings

# A shell has its background jobs, and all that they start, ignore SIGINT; some tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests run beside brokers and workers: how long an example takes says nothing of the code.
settings.register_profile("beside-others", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("beside-others")
