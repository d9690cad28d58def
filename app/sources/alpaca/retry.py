"""How long to wait before trying again."""

import random

_FIRST_S, _LONGEST_S = 0.5, 30.0


def pause_s(failures: int, rng: random.Random) -> float:
    """Seconds after so many failures in a row (1 or more): doubling from half a second to 30 s, less up to a half.

    The chance in it keeps clients that failed together from coming back together.
    """
    longest = min(_LONGEST_S, _FIRST_S * 2.0 ** min(failures - 1, 16))
    return longest * rng.uniform(0.5, 1.0)
