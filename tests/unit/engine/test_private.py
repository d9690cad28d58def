"""An upgrade of Faust or aiokafka that changes what the engine relies on fails here, and says what changed."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.engine import private
from tests.unit.engine.installed import ONESELF, attributes, inherited_names, is_private, overrides, package, resolve

ROOT = Path(private.__file__).parents[2]

FETCHER = "aiokafka.consumer.fetcher:Fetcher"
ASSIGNMENT = "aiokafka.consumer.subscription_state:Assignment"
STORE = "faust.stores.rocksdb:Store"

COORDINATOR = "aiokafka.consumer.group_coordinator:GroupCoordinator"

# Underscores that are no secret: named tuples' methods and Kafka's error codes.
PUBLIC = {"_asdict", "_replace", "_fields", "_make", "_exit"}


def named() -> Iterator[tuple[str, str]]:
    for owner, names in private.NAMES.items():
        for name in names:
            yield owner, name


@pytest.mark.parametrize(("owner", "name"), sorted(set(named())))
def test_the_name_is_there(owner: str, name: str) -> None:
    assert name in attributes(resolve(owner)), f"{owner} has no {name} any more in {package(owner)}"


def test_all_that_the_module_reaches_for_is_checked() -> None:
    found = {name for _, name in reached(ast.parse(Path(private.__file__).read_text()))}
    assert {"request_rejoin", "force_metadata_update", "_coordinator"} <= found
    assert found <= {name for _, name in named()}


def test_a_name_that_is_gone_is_named_with_the_version() -> None:
    with pytest.raises(AssertionError, match=r"faust\.stores\.rocksdb:Shop is gone in faust-streaming \d"):
        resolve("faust.stores.rocksdb:Shop")
    with pytest.raises(AssertionError, match=r"aiokafka\.nowhere:Any is gone in aiokafka \d"):
        resolve("aiokafka.nowhere:Any")


@pytest.mark.parametrize(
    ("cls", "bases", "name"),
    [pytest.param(*found, id=f"{found[0].__name__}.{found[2]}") for found in inherited_names()],
)
def test_what_our_classes_use_of_themselves_is_inherited(cls: type, bases: list[type], name: str) -> None:
    found = any(name in attributes(base) for base in bases)
    assert found, f"{cls.__name__} uses {name}, which no base has in {package(bases[0].__module__)}"


@pytest.mark.parametrize(
    ("cls", "base", "name", "ours", "theirs"),
    [pytest.param(*found, id=f"{found[0].__name__}.{found[2]}") for found in overrides()],
)
def test_our_overrides_can_be_called_as_theirs(cls: type, base: type, name: str, ours: Any, theirs: Any) -> None:
    expected, actual = inspect.signature(theirs), inspect.signature(ours)
    where = f"{cls.__name__}.{name}{actual} overrides {base.__name__}.{name}{expected} of {package(base.__module__)}"
    positional = [p.name for p in expected.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    keywords = [p.name for p in expected.parameters.values() if p.kind is p.KEYWORD_ONLY]
    try:
        bound = actual.bind(*positional, **{keyword: keyword for keyword in keywords})
        required = [p for p in positional if expected.parameters[p].default is inspect.Parameter.empty]
        actual.bind(*required)
    except TypeError as error:
        pytest.fail(f"{where}: {error}")
    given = {name: value for name, value in bound.arguments.items() if name in positional}
    assert all(name == value for name, value in given.items()), f"{where}: the arguments have other names"
    assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs), where


@pytest.mark.parametrize(
    ("owner", "name", "args", "kwargs"),
    [
        (COORDINATOR, "request_rejoin", [], {}),
        ("aiokafka.client:AIOKafkaClient", "force_metadata_update", [], {}),
        (FETCHER, "fetched_records", [{"tp"}], {"timeout": 1.0, "max_records": 1}),
        ("aiokafka.consumer.subscription_state:SubscriptionState", "fetch_context", [], {}),
        (ASSIGNMENT, "state_value", ["tp"], {}),
        (STORE, "_db_for_partition", [0], {}),
        ("faust.transport.drivers.aiokafka:AIOKafkaConsumerThread", "_create_worker_consumer", ["transport"], {}),
        ("faust.transport.drivers.aiokafka:AIOKafkaConsumerThread", "_ensure_consumer", [], {}),
    ],
)
def test_what_we_call_takes_what_we_give(owner: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    signature = inspect.signature(getattr(resolve(owner), name))
    try:
        signature.bind("self", *args, **kwargs)
    except TypeError as error:
        pytest.fail(f"{owner}.{name}{signature} of {package(owner)} is called otherwise: {error}")


def test_nothing_else_touches_what_is_private() -> None:
    known = {name for _, name in named()} | {name for _, _, name in inherited_names()} | PUBLIC
    strangers = [
        f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}"
        for folder in ("app", "agents", "tables", "web")
        for path in sorted((ROOT / folder).rglob("*.py"))
        # Alpaca's client has guards of its own, beside those who use it.
        if path != Path(private.__file__) and path.parent.name != "alpaca"
        for node, name in private_accesses(ast.parse(path.read_text()))
        if name not in known
    ]
    assert strangers == [], "a private name outside app/engine/private.py"


def private_accesses(tree: ast.AST) -> Iterator[tuple[ast.Attribute, str]]:
    """Private attributes of anything but oneself."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not is_private(node.attr):
            continue
        if ast.unparse(node.value) not in (*ONESELF, "KafkaError"):
            yield node, node.attr


def reached(tree: ast.AST) -> Iterator[tuple[ast.Attribute, str]]:
    """Private attributes, and public ones of what a private one holds."""
    yield from private_accesses(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and is_private(node.value.attr):
            yield node, node.attr
