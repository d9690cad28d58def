"""What commands work with, unless their caller hands in something else: as FastAPI's `dependency_overrides`."""

from typing import Any, TypeVar, cast

import click

T = TypeVar("T")


def collaborator(usual: T) -> T:
    """The class or function that stands for `usual` in the context's `obj` ({usual: other}), otherwise that itself."""
    handed_in: dict[Any, Any] = click.get_current_context().obj or {}
    return cast(T, handed_in.get(usual, usual))
