"""docker-compose.yml is the same system as the local stack."""

import re
from pathlib import Path

import pytest

from app.settings import Settings
from app.stack.artifacts import artifacts

COMPOSE = (Path(__file__).parents[3] / "docker-compose.yml").read_text()


@pytest.mark.parametrize(
    "image",
    [
        f"apache/kafka:{artifacts().kafka_version}",
        f"apicurio/apicurio-registry:{artifacts().registry_version}",
    ],
)
def test_its_images_have_the_versions_of_the_local_stack(image: str) -> None:
    assert f"image: {image}\n" in COMPOSE


def test_its_producer_has_all_that_alpaca_needs() -> None:
    for name in (field.upper() for field in Settings.model_fields if field.startswith("apca_") or field == "stream"):
        assert f"      {name}: ${{{name}:-}}\n" in COMPOSE
    assert "SOURCE: ${SOURCE:-${APCA_API_KEY_ID:+alpaca-live}}\n" in COMPOSE


def test_it_listens_on_loopback_only() -> None:
    published = re.findall(r"^ +- (\S+):\d+$", COMPOSE, flags=re.MULTILINE)
    assert len(published) == 4
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+", address) for address in published)


def test_its_worker_is_open_as_its_port_is_on_loopback_and_takes_a_token_all_the_same() -> None:
    assert '      API_OPEN: "true"\n      API_TOKEN: ${API_TOKEN:-}\n' in COMPOSE
