"""A cluster that lets nobody in without a password, TLS and rights: a broker with ACLs, and a guarded registry."""

import re
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trustme
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from cryptography.hazmat.primitives import serialization

from app import stack as local_stack
from app.engine.rights import Right
from app.kafka.local_cluster import HOST, Ports, broker_answers
from app.stack import kafka
from app.stack.cache import install
from app.stack.progress import Silent
from tests.harness.doubles.guarded_registry import GuardedRegistry
from tests.harness.held_ports import HeldPorts
from tests.integration.waiting import eventually

#: Who may log in; a role of the system each.
USERS = ("worker", "producer", "replay", "reader", "alerts", "operator")
PASSWORD = "of-all-users"  # noqa: S105

#: Beside what every local broker has: a listener that asks who one is, over TLS, and rights. On the plain listener
#: everybody is ANONYMOUS, who may do everything: that is where rights are given.
_SECURED = """\
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required {users};
listener.name.sasl_ssl.ssl.keystore.type=PEM
listener.name.sasl_ssl.ssl.keystore.location={keystore}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


class SecuredCluster:
    """Where it is, and who may do what there."""

    def __init__(self, folder: Path, origin: str) -> None:
        """`origin` is the address of a registry that anybody may use."""
        self._folder = folder.resolve()
        (self._folder / "tmp").mkdir(parents=True, exist_ok=True)  # Java unpacks libraries there.
        authority = trustme.CA()
        certificate = authority.issue_cert(HOST)
        self.ca_file = self._folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate.configure_cert(context)
        self.registry = GuardedRegistry(origin, "key", PASSWORD, context)
        self._held = HeldPorts()
        plain, secured, controller = (self._held.take() for _ in range(3))
        self._ports = Ports(plain, 0, secured, controller)
        self._keystore(certificate)
        self.plain, self.secured = f"{HOST}:{plain}", f"{HOST}:{secured}"

    def _keystore(self, certificate: trustme.LeafCert) -> None:
        key = serialization.load_pem_private_key(certificate.private_key_pem.bytes(), None)
        # The only form that Java reads.
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain = b"".join(part.bytes() for part in certificate.cert_chain_pems)
        (self._folder / "server.pem").write_bytes(pem + chain)

    @contextmanager
    def running(self) -> Iterator["SecuredCluster"]:
        """The broker and what stands before the registry, until the end."""
        try:
            with self.registry.running():
                self._start()
                self._admin = AdminClient({"bootstrap.servers": self.plain, "log_level": 0})
                yield self
        finally:
            local_stack.stop(self._folder)

    def _start(self) -> None:
        listeners = f"PLAINTEXT://{self.plain},SASL_SSL://{self.secured}"
        config = kafka.CONFIG.format(host=HOST, controller=self._ports.controller, listeners=listeners)
        users = " ".join(f'user_{name}="{PASSWORD}"' for name in USERS)
        config += _SECURED.format(users=users, keystore=self._folder / "server.pem")
        kafka.start_configured(self._folder, install(Silent()).kafka_jars, config).wait_until(
            lambda: broker_answers(self._folder, self._ports), 60
        )

    def settings(self, user: str, **changes: Any) -> dict[str, Any]:
        """The settings of a program that logs in as this user."""
        own: dict[str, Any] = {
            "kafka_bootstrap": self.secured,
            "kafka_security_protocol": "SASL_SSL",
            "kafka_api_key": user,
            "kafka_api_secret": PASSWORD,
            "kafka_ca_file": self.ca_file,
            "schema_registry_url": self.registry.url,
            "schema_registry_api_key": "key",
            "schema_registry_api_secret": PASSWORD,
            "schema_registry_ca_file": self.ca_file,
        }
        return own | changes

    def give(self, user: str, rights: Iterable[Right]) -> None:
        """Let a user do this."""
        bindings = [_binding(user, right) for right in rights]
        for answer in self._admin.create_acls(bindings).values():
            answer.result(10)
        eventually(lambda: all(map(self._is_given, bindings)), 10)

    def take(self, user: str, right: Right) -> None:
        """Let a user do this no longer."""
        binding = _binding(user, right)
        [answer] = self._admin.delete_acls([_exactly(binding)]).values()
        assert len(answer.result(10)) == 1
        eventually(lambda: not self._is_given(binding), 10)

    @contextmanager
    def without(self, user: str, *rights: Right) -> Iterator[None]:
        """A user lacks these rights for a time."""
        for right in rights:
            self.take(user, right)
        try:
            yield
        finally:
            self.give(user, rights)

    def _is_given(self, binding: AclBinding) -> bool:
        """As the broker decides by now: it hears of a change a moment after the change was made."""
        return bool(self._admin.describe_acls(_exactly(binding)).result(10))


def _exactly(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def _binding(user: str, right: Right) -> AclBinding:
    return AclBinding(
        ResourceType[right.resource.upper().replace("-", "_")],
        right.name,
        ResourcePatternType.PREFIXED if right.prefixed else ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        AclOperation[re.sub("(?<=[a-z])(?=[A-Z])", "_", right.operation).upper()],
        AclPermissionType.ALLOW,
    )
