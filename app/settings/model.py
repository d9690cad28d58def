"""Every setting, from the environment and `.env`; `.env.example` explains each.

One object feeds all four clients (Faust, librdkafka's producer and consumer,
its admin client, the registry's client): see app/kafka/clients.py.
"""

import os
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import click
from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.domain.source_names import Feed
from app.domain.strategy import Strategy
from app.errors import StocksError
from app.settings import api_settings as settings_api
from app.settings import values
from app.settings.faults import ENV_ENCODING, faults, file_faults, gone_names, passed_over, secret_faults
from app.settings.quiet_hours import QuietHours
from app.strategies.rule_file import USUAL, load_rule


class SettingsError(StocksError):
    """Settings that are unknown, bad, or do not go together; `faults` has a sentence for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(["The settings need mending:", *(f"  - {fault}" for fault in faults)]))
        self.faults = faults


#: Where containers get secrets as files: a file for each setting, such as apca_api_secret_key.
SECRETS_DIR = Path("/run/secrets")

#: The most bars that can be kept of a series, and so the longest period that an indicator may have.
_MOST_BARS = 100_000

#: Kafka's topics have at most 249 characters, `-windows-changelog` among them.
_LONGEST_ID = 230

Host = Annotated[str, AfterValidator(values.host)]
File = Annotated[Path, AfterValidator(values.expanded), AfterValidator(values.readable_file)]
Folder = Annotated[Path, AfterValidator(values.expanded), AfterValidator(values.folder)]


class Settings(BaseSettings):
    """Settings of the worker, the producer and the command line.

    Raises pydantic.ValidationError; `load_settings` turns it into sentences.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        # Windows' editors put a mark before the first name.
        env_file_encoding=ENV_ENCODING,
        extra="forbid",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    # The cluster. Unset addresses mean the local stack.
    kafka_bootstrap: Annotated[str, AfterValidator(values.addresses)] | None = None
    schema_registry_url: Annotated[str, AfterValidator(values.registry_url)] | None = None
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_api_key: str | None = None
    kafka_api_secret: SecretStr | None = None
    kafka_ca_file: Annotated[File, AfterValidator(values.certificates)] | None = None
    schema_registry_api_key: str | None = None
    schema_registry_api_secret: SecretStr | None = None
    schema_registry_ca_file: Annotated[File, AfterValidator(values.certificates)] | None = None

    # Names and sizes.
    app_id: str = Field(default="stock-signals", pattern=r"^[a-zA-Z0-9._-]+$")
    topic_prefix: str = Field(default="", pattern=r"^[a-zA-Z0-9._-]*$")
    partitions: int = Field(default=8, ge=1, le=1000)
    replication_factor: int = Field(default=1, ge=1, le=9)
    topic_allow_declare: bool = True

    # The worker.
    data_dir: Folder = Path("data")
    api_host: Host = "127.0.0.1"
    api_port: int = Field(default=8001, ge=0, le=65535)
    api_token: Annotated[SecretStr, AfterValidator(settings_api.token)] | None = None
    api_open: bool = False
    api_hosts: Annotated[str, AfterValidator(settings_api.names)] = ""
    api_cors_origins: Annotated[str, AfterValidator(settings_api.origins)] = ""
    api_max_connections: int = Field(default=2000, ge=10, le=100_000)
    batch_max: int = Field(default=5000, ge=1, le=100_000)
    session_seconds: float = Field(default=10.0, ge=6, le=300)

    # Logs and traces.
    log_format: Literal["text", "json"] = "text"
    traces_endpoint: Annotated[str, AfterValidator(values.traces_url)] | None = None

    # The producer.
    producer_host: Host = "127.0.0.1"
    producer_port: int = Field(default=8000, ge=0, le=65535)
    symbols: str = "AAPL,GOOGL,SPY"
    synthetic_brokers: Annotated[str, AfterValidator(values.addresses)] | None = None

    # Alpaca. The addresses' defaults are those of paper trading, whose keys are free.
    apca_api_key_id: Annotated[SecretStr, AfterValidator(values.header_text)] | None = None
    apca_api_secret_key: Annotated[SecretStr, AfterValidator(values.header_text)] | None = None
    apca_api_base_url: Annotated[str, AfterValidator(values.alpaca_url)] = "https://paper-api.alpaca.markets"
    apca_api_data_url: Annotated[str, AfterValidator(values.alpaca_url)] = "https://data.alpaca.markets"
    apca_api_stream_url: Annotated[str, AfterValidator(values.alpaca_url)] = "wss://stream.data.alpaca.markets"
    feed: Feed = "iex"
    stream: bool = False
    requests_per_minute: int = Field(default=200, ge=10, le=10_000)

    # The local stack.
    stack_dir: Folder = Path(".stack")
    kafka_port: int | None = Field(default=None, ge=1, le=65535)
    schema_registry_port: int | None = Field(default=None, ge=1, le=65535)

    # The strategy. STRATEGY names the rule; the property `strategy` is all of it.
    rule: str = Field(default=USUAL, alias="strategy")
    sma_fast: int = Field(default=20, ge=2, le=_MOST_BARS)
    sma_slow: int = Field(default=50, ge=3, le=_MOST_BARS)
    rsi_period: int = Field(default=14, ge=2, le=_MOST_BARS)
    rsi_buy_below: float = Field(default=30.0, ge=0, le=100)
    rsi_sell_above: float = Field(default=70.0, ge=0, le=100)
    late_bars: int = Field(default=10, ge=0, le=1000)
    keep_bars: int = Field(default=800, ge=10, le=_MOST_BARS)

    # Alerts. Addresses are opened, and refused, by `stocks alerts` alone: that takes a library of their own.
    alert_urls: SecretStr | None = None
    alert_urls_file: File | None = None
    alert_webhook_url: SecretStr | None = None
    alert_webhook_secret: SecretStr | None = None
    alert_symbols: str = ""
    alert_on: Annotated[str, values.some_of("BUY", "SELL", "HOLD")] = "BUY,SELL"
    alert_origins: Annotated[str, values.some_of("live", "backfill", "replay", "synthetic")] = "live"
    alert_seed_weight: float = Field(default=0.001, ge=0, le=1)
    alert_quiet_hours: Annotated[str, AfterValidator(values.quiet_hours)] | None = None
    alert_per_minute: int = Field(default=20, ge=1, le=1000)
    alert_singles: int = Field(default=3, ge=0, le=100)
    alert_fresh_minutes: float = Field(default=15.0, ge=1, le=1440)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        faults = [*self._key_faults(), *self._name_faults(), *self._strategy_faults()]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def _key_faults(self) -> list[str]:
        found = []
        protocol, kafka = self.kafka_security_protocol, (self.kafka_api_key, self.kafka_api_secret)
        if protocol.startswith("SASL_") and not all(kafka):
            found.append(f"KAFKA_SECURITY_PROTOCOL={protocol} needs both KAFKA_API_KEY and KAFKA_API_SECRET")
        if not protocol.startswith("SASL_") and any(kafka):
            found.append(
                f"KAFKA_API_KEY and KAFKA_API_SECRET are not used with KAFKA_SECURITY_PROTOCOL={protocol}: "
                "set it to SASL_SSL (Confluent Cloud) or SASL_PLAINTEXT, or unset the keys"
            )
        if bool(self.schema_registry_api_key) != bool(self.schema_registry_api_secret):
            found.append("SCHEMA_REGISTRY_API_KEY and SCHEMA_REGISTRY_API_SECRET go together: set both or neither")
        if bool(self.apca_api_key_id) != bool(self.apca_api_secret_key):
            found.append("APCA_API_KEY_ID and APCA_API_SECRET_KEY go together: set both or neither")
        return found

    def _name_faults(self) -> list[str]:
        too_long = len(self.id) - _LONGEST_ID
        if too_long <= 0:
            return []
        return [
            f"TOPIC_PREFIX and APP_ID are {too_long} characters too long: together at most {_LONGEST_ID}, for Kafka"
        ]

    def _strategy_faults(self) -> list[str]:
        try:
            needed = self.strategy.window
        except ValueError as error:
            return [str(error)]
        if self.keep_bars < needed:
            what = "SMA_SLOW + LATE_BARS" if self.strategy.own_rule is None else "what the rule looks back + LATE_BARS"
            return [f"KEEP_BARS ({self.keep_bars}) must be at least {what}, which is {needed}"]
        return []

    @property
    def id(self) -> str:
        """The consumer group's name and the changelogs' prefix."""
        return f"{self.topic_prefix}{self.app_id}"

    @property
    def transaction_seconds(self) -> float:
        """When Kafka aborts a worker's transaction by itself: a little after the worker's session has expired."""
        return self.session_seconds + 5.0

    @property
    def quiet_hours(self) -> QuietHours | None:
        """ALERT_QUIET_HOURS, None when alerts are sent at all hours."""
        return QuietHours.parse(self.alert_quiet_hours) if self.alert_quiet_hours else None

    @property
    def symbol_names(self) -> tuple[str, ...]:
        """SYMBOLS, one by one."""
        return tuple(name.strip() for name in self.symbols.split(",") if name.strip())

    @cached_property
    def strategy(self) -> Strategy:
        """The rule, and the periods and thresholds. Raises ValueError."""
        return Strategy(
            fast=self.sma_fast,
            slow=self.sma_slow,
            rsi_period=self.rsi_period,
            buy_below=self.rsi_buy_below,
            sell_above=self.rsi_sell_above,
            late_bars=self.late_bars,
            own_rule=load_rule(self.rule),
        )


def setting_fields() -> dict[str, FieldInfo]:
    """Every setting by its name in lower case."""
    return {field.alias or name: field for name, field in Settings.model_fields.items()}


def load_settings(secrets_dir: Path = SECRETS_DIR) -> Settings:
    """The settings as they stand in the environment, `.env` and `secrets_dir` now; the first that has one counts.

    Raises SettingsError that names every bad one. A `.env` that is no file is named on stderr and passed over.
    """
    env_file = Path(".env")
    if notice := passed_over(env_file):
        click.echo(notice, err=True)
    if found := [*file_faults(env_file), *secret_faults(secrets_dir, setting_fields())] or gone_names(os.environ):
        raise SettingsError(found)
    try:
        # Without the folder pydantic would warn.
        secrets: dict[str, Any] = {"_secrets_dir": secrets_dir} if secrets_dir.is_dir() else {}
        return Settings(**secrets)
    except ValidationError as error:
        raise SettingsError(faults(error, setting_fields())) from None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once; raises SettingsError."""
    return load_settings()
