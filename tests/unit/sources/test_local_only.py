import pytest

from app.sources.base import SourceError
from app.sources.local_only import refuse_remote


@pytest.mark.parametrize("bootstrap", ["127.0.0.1:9092", "localhost:9092, 127.0.0.2:9093", "[::1]:9092"])
def test_this_machine_is_fine(bootstrap: str) -> None:
    refuse_remote(bootstrap)


@pytest.mark.parametrize("bootstrap", ["kafka:19092", "127.0.0.1:9092, kafka:19092", "other:9092,kafka:19092"])
def test_a_broker_that_is_named_may_get_them(bootstrap: str) -> None:
    refuse_remote(bootstrap, "kafka:19092, other:9092")


@pytest.mark.parametrize("bootstrap", ["kafka:9092", "kafka:19092,192.0.2.1:9092", "kafka.example:19092"])
def test_naming_one_broker_allows_no_other(bootstrap: str) -> None:
    with pytest.raises(SourceError, match=r"is not one.*SYNTHETIC_BROKERS="):
        refuse_remote(bootstrap, "kafka:19092")


@pytest.mark.parametrize(
    ("bootstrap", "host"),
    [
        ("192.0.2.1:9092", "192.0.2.1"),
        ("localhost:9092,192.0.2.1:9092", "192.0.2.1"),
        ("0.0.0.0:9092", "0.0.0.0"),  # noqa: S104  not an address to listen on here
        ("[2001:db8::1]:9092", "2001:db8::1"),
        ("no-such-host.invalid:9092", "no-such-host.invalid"),
    ],
)
def test_any_other_host_is_refused_by_name(bootstrap: str, host: str) -> None:
    with pytest.raises(SourceError, match=f"{host}' is not one"):
        refuse_remote(bootstrap)
