"""Rights on a cluster that asks for them, and the error that names those that are missing."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from confluent_kafka import KafkaError

from app.engine.errors import OperatorError

Operation = Literal["Read", "Write", "Create", "Delete", "Describe", "DescribeConfigs", "AlterConfigs"]
Resource = Literal["topic", "group", "transactional-id"]

#: What a broker says to a client without a right; which one, only the one who asked can tell.
REFUSALS = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)


class Right(NamedTuple):
    """One thing that one may do with a resource, or with all whose names begin with `name` (`prefixed`).

    Operations are named as Kafka's own tools name them. Read and Write include Describe.
    """

    operation: Operation
    resource: Resource
    name: str
    prefixed: bool = False

    def __str__(self) -> str:
        what = self.resource.replace("-", " ")
        return f"{self.operation} on {f'{what}s that begin with' if self.prefixed else what} {self.name}"

    def covers(self, other: "Right") -> bool:
        """Whether the other one is a part of this one."""
        same = (self.operation, self.resource) == (other.operation, other.resource)
        return same and (other.name.startswith(self.name) if self.prefixed else self == other)


def kafka_acls(right: Right, *more: Right, principal: str = "User:…", server: str = "…") -> str:
    """The command of Kafka's own tool that gives rights on one resource; `principal` is who gets them."""
    operations = " ".join(f"--operation {each.operation}" for each in (right, *more))
    pattern = " --resource-pattern-type prefixed" if right.prefixed else ""
    return (
        f"kafka-acls.sh --bootstrap-server {server} --add --allow-principal {principal} "
        f"{operations} --{right.resource} {right.name}{pattern}"
    )


class NotAllowed(OperatorError):
    """The cluster refuses to do something for these credentials.

    `missing` are the rights that they need for it, one of which they lack at least.
    """

    def __init__(self, missing: Iterable[Right], what: str = "Kafka refuses this") -> None:
        self.missing = tuple(dict.fromkeys(missing))
        if len(self.missing) == 1:
            [right] = self.missing
            text = f"{what}: these credentials lack the right {right}. `{kafka_acls(right)}` gives it"
        else:
            lines = [f"  - {right}: `{kafka_acls(right)}`" for right in self.missing]
            text = "\n".join([f"{what}: these credentials lack these rights, or some of them:", *lines])
        super().__init__(text)

    def widened(self, given: Iterable[Right]) -> "NotAllowed":
        """The same, naming those rights that are given in one piece, as for all names that begin alike."""
        wide = [right for right in given if right.prefixed]
        return NotAllowed(next((each for each in wide if each.covers(right)), right) for right in self.missing)


def refused(error: KafkaError) -> bool:
    """Whether the broker says that a right is missing."""
    return error.code() in REFUSALS
