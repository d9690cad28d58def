"""The client of the schema registry: it tells "no such schema" from "the registry cannot be reached"."""

import logging
import os
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from schema_registry.client import AsyncSchemaRegistryClient
from schema_registry.client.errors import ClientError
from schema_registry.client.schema import BaseSchema

from app.avro import schema as avro
from app.errors import StocksError

log = logging.getLogger(__name__)

# Against all versions, not only the newest: readers still meet records of version 1.
COMPATIBILITY = "BACKWARD_TRANSITIVE"

# Subject, version or schema not found; 404 without one of these comes from another server.
_NOT_FOUND = frozenset({40401, 40402, 40403, 40408})
# Registries count from 1, in 32 bits with a sign; the library asks for another address when it is 0.
_IDS_END = 2**31
_TRY_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class RegistryUnavailable(StocksError):
    """The registry cannot be asked now: wait and try again, for nothing is wrong with the record."""


class RegistryRefused(RegistryUnavailable):
    """The registry does not take the credentials; records wait until they are right."""


class NotARegistry(RegistryUnavailable):
    """Something else than a registry answers: the address is wrong, or a proxy in front of it is."""

    exit_status = os.EX_TEMPFAIL


class UnknownSchema(Exception):
    """The registry was asked and has no schema with this id."""


class IncompatibleSchema(StocksError):
    """The registry refuses a schema with which readers of this subject could not read older records."""


class Registered(NamedTuple):
    """A version of a subject."""

    schema_id: int
    version: int
    schema: Any


def _tls(url: str, ca_file: Path | None) -> ssl.SSLContext:
    """Whom to trust. Reading all certificates takes 23 ms, so it is done for https only."""
    if httpx.URL(url).scheme != "https":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # It trusts nobody.
    return httpx.create_ssl_context() if ca_file is None else ssl.create_default_context(cafile=ca_file)


class RegistryClient(AsyncSchemaRegistryClient):
    """The library's client, but an answer that is not the registry's own is an error.

    The library takes any 404 for "no such schema", that of a wrong address too,
    for which good records would be dead-lettered.
    """

    def __init__(self, url: str, *, auth: httpx.Auth, timeout: httpx.Timeout, ca_file: Path | None = None) -> None:
        super().__init__(url, auth=auth, timeout=timeout)
        # The library makes an HTTP client for each request, which would make a context of its own.
        self.client_kwargs["verify"] = _tls(url, ca_file)

    @property
    def url(self) -> str:
        """The registry's address."""
        return str(self.conf["url"])

    async def request(self, url: str, *args: Any, **kwargs: Any) -> httpx.Response:
        """Ask the registry; raises RegistryUnavailable."""
        try:
            response = await super().request(url, *args, **kwargs)
        except httpx.HTTPError as error:
            raise RegistryUnavailable(
                f"The schema registry at {self.url} does not answer ({_cause(error)}): check {_what_to_check(error)}"
            ) from error
        status = response.status_code
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise RegistryRefused(
                f"The schema registry at {self.url} refuses the credentials ({status}): "
                "check SCHEMA_REGISTRY_API_KEY and SCHEMA_REGISTRY_API_SECRET"
            )
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRY_AGAIN:
            raise RegistryUnavailable(f"The schema registry at {self.url} is not well: it answered {status}")
        body = _json(response)
        not_found = isinstance(body, dict) and body.get("error_code") in _NOT_FOUND
        if body is None or (status == HTTPStatus.NOT_FOUND and not not_found):
            raise self.stranger(status)
        return response

    def stranger(self, answer: object) -> NotARegistry:
        """The error for an answer that does not come from a registry."""
        return NotARegistry(
            f"What answers at SCHEMA_REGISTRY_URL={self.url} is no schema registry (it says {answer}): check that URL "
            "(Apicurio's ends in /apis/ccompat/v7)"
        )


class Registry:
    """The requests that this system sends to a schema registry."""

    def __init__(self, client: RegistryClient) -> None:
        self._client = client

    @property
    def url(self) -> str:
        """The registry's address."""
        return self._client.url

    async def check(self) -> None:
        """See that a schema registry answers. Raises NotARegistry, RegistryUnavailable."""
        response = await self._client.request(f"{self.url.rstrip('/')}/subjects")
        subjects = response.json()
        if response.status_code != HTTPStatus.OK or not isinstance(subjects, list):
            raise self._client.stranger(f"{response.status_code} to GET /subjects")

    async def fetch_schema(self, schema_id: int) -> Any:
        """The schema with this id, as it was registered.

        Raises UnknownSchema when the registry has none, UnusableSchema when it is not Avro, and RegistryUnavailable,
        also for a registry without any schema: one that lost its data would have all records dead-lettered.
        """
        unknown = f"the registry at {self.url} has no schema with id {schema_id}"
        if not 0 < schema_id < _IDS_END:
            raise UnknownSchema(unknown)
        schema = await self._by_id(schema_id)
        if schema is None:
            if not await self._client.get_subjects():
                raise RegistryUnavailable(
                    f"The schema registry at {self.url} knows no schema at all, though a record names {schema_id}: "
                    "if it has lost its data, restore them, or start a producer, which registers its schema again"
                )
            # Once more: between the two questions a producer may have registered it.
            schema = await self._by_id(schema_id)
        if schema is None:
            raise UnknownSchema(unknown)
        return schema.raw_schema

    async def _by_id(self, schema_id: int) -> BaseSchema | None:
        try:
            found: BaseSchema | None = await self._client.get_by_id(schema_id)
        except avro.PARSE_ERRORS as error:
            raise avro.UnusableSchema(f"the registry's schema {schema_id} is not Avro: {error}") from error
        return found

    async def register(self, subject: str, schema: Mapping[str, Any]) -> int:
        """The schema's id, newly registered if need be; the subject then takes backward compatible schemas only.

        Raises IncompatibleSchema, RegistryUnavailable.
        """
        known = await self._client.check_version(subject, dict(schema))
        if known is not None:
            return int(known.schema_id)
        older = await self._client.get_versions(subject)
        if older:
            await self._demand_compatibility(subject)
        try:
            schema_id = await self._client.register(subject, dict(schema))
        except ClientError as error:
            raise _refusal(subject, error) from error
        if not older:
            await self._demand_compatibility(subject)
        return schema_id

    async def _demand_compatibility(self, subject: str) -> None:
        try:
            await self._client.update_compatibility(COMPATIBILITY, subject)
        except (RegistryRefused, ClientError) as error:
            # Keys that may write schemas need not be allowed to configure subjects.
            log.warning("Compatibility of %s could not be set to %s: %s", subject, COMPATIBILITY, error)

    async def latest(self, subject: str) -> Registered | None:
        """The subject's newest version, None when there is no such subject; raises RegistryUnavailable."""
        found = await self._client.get_schema(subject)
        if found is None:
            return None
        return Registered(int(found.schema_id), int(found.version), found.schema.raw_schema)

    async def compatible(self, subject: str, schema: Mapping[str, Any]) -> bool:
        """Whether the registry would take the schema as the subject's next version; raises RegistryUnavailable."""
        return bool(await self._client.test_compatibility(subject, dict(schema)))


def _refusal(subject: str, error: ClientError) -> StocksError:
    detail = error.server_traceback
    message = detail.get("message", detail) if isinstance(detail, dict) else detail
    if error.http_code == HTTPStatus.CONFLICT:
        return IncompatibleSchema(
            f"The registry refuses the schema for {subject}, readers of older records could not read it: {message}. "
            "Give new fields a default and keep the types of old ones"
        )
    return StocksError(f"The registry refuses the schema for {subject} ({error.http_code}): {message}")


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _what_to_check(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "SCHEMA_REGISTRY_CA_FILE: it must hold the authority that signed the registry's certificate"
    return "that it runs (`make stack-status`) and SCHEMA_REGISTRY_URL"


def _cause(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
