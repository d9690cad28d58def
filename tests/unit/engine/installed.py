"""What the installed classes of Faust and aiokafka have, and what the engine's classes take from them."""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions, version
from typing import Any

import app.engine

FOREIGN = ("faust", "aiokafka", "mode")
ONESELF = ("self", "cls", "super()")


def resolve(dotted: str) -> type:
    """`package.module:Class` as a class; fails with a sentence that names the package's version."""
    module, _, name = dotted.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise AssertionError(f"{dotted} is gone in {package(dotted)}: {error}") from error
    assert isinstance(found, type)
    return found


@cache
def package(dotted: str) -> str:
    """The distribution of a module with its installed version, such as `faust-streaming 0.15.3`."""
    distribution = packages_distributions()[dotted.split(".")[0]][0]
    return f"{distribution} {version(distribution)}"


@cache
def attributes(cls: type) -> set[str]:
    """Names on a class, annotated there, and set on `self` by its methods."""
    names = set(dir(cls))
    for base in cls.__mro__:
        names |= set(vars(base).get("__annotations__", ()))
        if base.__module__.startswith(FOREIGN):
            names |= stored(base)
    return names


@cache
def stored(cls: type) -> set[str]:
    """Attributes that a class's methods set."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError):
        return set()  # compiled
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}


def own_classes() -> Iterator[tuple[type, list[type]]]:
    """The engine's classes that extend Faust's, each with the bases that are Faust's."""
    for module_info in pkgutil.iter_modules(app.engine.__path__):
        module = importlib.import_module(f"app.engine.{module_info.name}")
        for _, cls in inspect.getmembers(module, inspect.isclass):
            bases = [base for base in cls.__mro__[1:] if base.__module__.startswith(FOREIGN)]
            if cls.__module__ == module.__name__ and bases:
                yield cls, bases


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def inherited_names() -> Iterator[tuple[type, list[type], str]]:
    """Each private name that an engine class uses on itself and does not define: class, its foreign bases, name."""
    for cls, bases in own_classes():
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and is_private(node.attr) and ast.unparse(node.value) in ONESELF
        }
        for name in sorted(used - stored(cls) - vars(cls).keys()):
            yield cls, bases, name


def overrides() -> Iterator[tuple[type, type, str, Any, Any]]:
    """Each method that an engine class overrides: class, the base that has it, name, ours, theirs."""
    for cls, bases in own_classes():
        for name, ours in vars(cls).items():
            base = next((base for base in bases if name in vars(base)), None)
            if (
                base is not None
                and not name.startswith("__")
                and inspect.isfunction(ours)
                and inspect.isfunction(vars(base)[name])
            ):
                yield cls, base, name, ours, vars(base)[name]
