"""Every setting, from the environment and `.env`; `.env.example` explains each.

One object feeds all four clients (Faust, librdkafka's producer and consumer,
its admin client, the registry's client): see app/clients.py.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.domain.strategy import Strategy


class Settings(BaseSettings):
    """Settings of the worker, the producer and the command line.

    Raises pydantic.ValidationError that names every unknown or bad setting.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="forbid", frozen=True, env_ignore_empty=True)

    # The cluster. Unset addresses mean the local stack.
    kafka_bootstrap: str | None = None
    schema_registry_url: str | None = None
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_api_key: str | None = None
    kafka_api_secret: SecretStr | None = None
    kafka_ca_file: Path | None = None
    schema_registry_api_key: str | None = None
    schema_registry_api_secret: SecretStr | None = None

    # Names and sizes.
    app_id: str = Field(default="stock-signals", pattern=r"^[a-zA-Z0-9._-]+$")
    topic_prefix: str = Field(default="", pattern=r"^[a-zA-Z0-9._-]*$")
    partitions: int = Field(default=8, ge=1, le=1000)
    replication_factor: int = Field(default=1, ge=1, le=9)
    topic_allow_declare: bool = True

    # The worker.
    data_dir: Path = Path("data")
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8001, ge=0, le=65535)
    batch_max: int = Field(default=2000, ge=1, le=100_000)

    # The producer.
    producer_host: str = "127.0.0.1"
    producer_port: int = Field(default=8000, ge=0, le=65535)
    symbols: str = "AAPL,GOOGL,SPY"

    # The local stack.
    stack_dir: Path = Path(".stack")
    kafka_port: int | None = Field(default=None, ge=1, le=65535)
    schema_registry_port: int | None = Field(default=None, ge=1, le=65535)

    # The strategy.
    sma_fast: int = Field(default=20, ge=2)
    sma_slow: int = Field(default=50, ge=3)
    rsi_period: int = Field(default=14, ge=2)
    rsi_buy_below: float = Field(default=30.0, ge=0, le=100)
    rsi_sell_above: float = Field(default=70.0, ge=0, le=100)
    late_bars: int = Field(default=10, ge=0, le=1000)
    signal_history: int = Field(default=50, ge=1, le=10_000)

    @property
    def id(self) -> str:
        """The consumer group's name and the changelogs' prefix."""
        return f"{self.topic_prefix}{self.app_id}"

    @property
    def strategy(self) -> Strategy:
        """The rule's periods and thresholds."""
        return Strategy(
            fast=self.sma_fast,
            slow=self.sma_slow,
            rsi_period=self.rsi_period,
            buy_below=self.rsi_buy_below,
            sell_above=self.rsi_sell_above,
            late_bars=self.late_bars,
        )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once."""
    return Settings()
