"""What holds for all tests."""

import os
import signal

from hypothesis import HealthCheck, settings

from tests.inherited import forget_settings

# What a shell exports is for its user's workers; tests say themselves what they need, and give it to what they start.
forget_settings(os.environ)

# A shell has its background jobs, and all that they start, ignore SIGINT; some tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests run beside brokers and workers: how long an example takes says nothing of the code.
settings.register_profile("beside-others", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("beside-others")
