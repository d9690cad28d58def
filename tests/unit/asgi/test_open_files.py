import resource

import pytest

from app.asgi.open_files import allow_open


class FakeLimits:
    """Those of a process that is not this one."""

    def __init__(self, soft: int = 1024, hard: int = 4096, *, refuses: bool = False) -> None:
        self.found, self.refuses = (soft, hard), refuses

    def getrlimit(self, which: int) -> tuple[int, int]:
        assert which == resource.RLIMIT_NOFILE
        return self.found

    def setrlimit(self, which: int, limits: tuple[int, int]) -> None:
        assert which == resource.RLIMIT_NOFILE
        if self.refuses:
            raise OSError
        self.found = limits


@pytest.mark.parametrize(("wanted", "allowed"), [(100, 1024), (3000, 3000), (9000, 4096)])
def test_the_limit_is_raised_as_far_as_is_wanted_and_possible(wanted: int, allowed: int) -> None:
    limits = FakeLimits()
    assert allow_open(wanted, limits) == allowed
    assert limits.found == (allowed, 4096)


def test_a_system_that_refuses_leaves_it_as_it_is() -> None:
    limits = FakeLimits(refuses=True)
    assert allow_open(3000, limits) == 1024
    assert limits.found == (1024, 4096)


def test_without_limits_all_is_allowed() -> None:
    assert allow_open(9000, FakeLimits(resource.RLIM_INFINITY, resource.RLIM_INFINITY)) == 9000


def test_it_is_the_limit_of_this_process() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert allow_open(soft) == soft
