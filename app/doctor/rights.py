"""What these credentials may not do, on a cluster that asks for rights."""

from collections.abc import Iterable, Iterator

from app.doctor.finding import Finding
from app.engine.rights import NotAllowed
from app.kafka.acls import ROLES
from app.kafka.broker import Broker
from app.kafka.topic_admin import require_rights
from app.settings import Settings


def check_worker_rights(settings: Settings, broker: Broker) -> Iterator[Finding]:
    """Whether a worker with these credentials has its rights on topics; raises BrokerUnavailable."""
    try:
        require_rights(broker, ROLES["worker"](settings))
    except NotAllowed as error:
        yield Finding(
            "warning",
            "rights",
            f"a worker does not start with these credentials: they lack {_in_words(error)}",
            "nothing to do where workers have others; otherwise see `stocks topics acls worker --principal User:…`",
        )


def as_allowed(check: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """What a check finds, or which right it lacks to look."""
    try:
        yield from findings
    except NotAllowed as error:
        fix = "`stocks topics acls operator --principal User:…` prints what gives all that an operator needs"
        yield Finding("warning", check, f"cannot be looked at: these credentials lack {_in_words(error)}", fix)


def _in_words(error: NotAllowed) -> str:
    return ", ".join(str(right) for right in error.missing)
