import resource

import pytest

from app.asgi.open_files import allow_open


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The soft and the hard limit of a process that is not this one."""
    found = [1024, 4096]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(found))
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: found.__setitem__(slice(None), list(wanted)))
    return found


@pytest.mark.parametrize(("wanted", "allowed"), [(100, 1024), (3000, 3000), (9000, 4096)])
def test_the_limit_is_raised_as_far_as_is_wanted_and_possible(limits: list[int], wanted: int, allowed: int) -> None:
    assert allow_open(wanted) == allowed
    assert limits == [allowed, 4096]


def test_a_system_that_refuses_leaves_it_as_it_is(limits: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert allow_open(3000) == 1024
    assert limits == [1024, 4096]


def test_without_limits_all_is_allowed(limits: list[int]) -> None:
    limits[:] = [resource.RLIM_INFINITY] * 2
    assert allow_open(9000) == 9000
