"""How long to wait before trying again."""

import random

FIRST_S = 1.0
LONGEST_S = 60.0


class Backoff:
    """Steps that double from 1 s to 60 s; each wait is a random part of its step ("full jitter").

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    def __init__(self, randomness: random.Random | None = None) -> None:
        self._random = randomness or random.Random()  # noqa: S311 - no secret
        self._step_s = FIRST_S

    def next_s(self, at_least_s: float = FIRST_S) -> float:
        """Seconds to wait before the next attempt; steps shorter than `at_least_s` are left out."""
        step_s = min(max(self._step_s, at_least_s), LONGEST_S)
        self._step_s = min(2 * step_s, LONGEST_S)
        return self._random.uniform(0, step_s)

    def reset(self) -> None:
        """Begin at the first step again."""
        self._step_s = FIRST_S
