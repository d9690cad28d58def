"""What docker-compose.yml promises; `make compose-test` tries it on a real engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings, setting_fields
from app.stack import kafka
from app.stack.artifacts import artifacts

ROOT = Path(__file__).parents[3]


class _Compose(yaml.SafeLoader):
    """Knows `!override` and `!reset`, which say how files are merged."""


_Compose.add_multi_constructor("!", lambda loader, _, node: _plain(loader, node))


def _plain(loader: yaml.Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else None


COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
CLOUD: dict[str, Any] = _Compose((ROOT / "docker-compose.cloud.yml").read_text(encoding="utf-8")).get_single_data()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("settings", "worker", "more-workers", "front", "producer")

#: Not for users of the containers: addresses and folders inside, the cluster's settings, the local stack's.
NOT_PASSED_ON = {
    *("kafka_security_protocol", "kafka_sasl_mechanism", "kafka_api_key", "kafka_api_secret", "kafka_ca_file"),
    *("schema_registry_api_key", "schema_registry_api_secret", "replication_factor", "topic_allow_declare"),
    *("api_port", "producer_port", "stack_dir", "kafka_port", "schema_registry_port"),
}
ALERTS = {name for name in setting_fields() if name.startswith("alert_")}
ALPACA = {name for name in setting_fields() if name.startswith("apca_")} | {"feed", "stream", "requests_per_minute"}


@pytest.mark.parametrize(
    ("service", "image"),
    [
        ("kafka", f"apache/kafka:{artifacts().kafka_version}"),
        ("registry", f"apicurio/apicurio-registry:{artifacts().registry_version}"),
    ],
)
def test_its_images_have_the_versions_of_the_local_stack(service: str, image: str) -> None:
    assert SERVICES[service]["image"] == image


def test_its_broker_is_configured_as_the_local_stacks() -> None:
    local = dict(line.partition("=")[::2] for line in kafka.CONFIG.splitlines())
    ours = SERVICES["kafka"]["environment"]
    differ = ("listener", "quorum", "log.dirs", "roles", "node.id")
    for name, value in local.items():
        if not any(part in name for part in differ):
            assert str(ours[f"KAFKA_{name.replace('.', '_').upper()}"]) == value


@pytest.mark.parametrize(
    ("service", "others"),
    [
        ("settings", set()),
        ("worker", ALPACA | ALERTS),
        ("more-workers", ALPACA | ALERTS),
        ("producer", ALERTS),
        ("alerts", ALPACA),
    ],
)
def test_every_setting_reaches_the_containers(service: str, others: set[str]) -> None:
    environment = SERVICES[service]["environment"]
    wanted = setting_fields().keys() - NOT_PASSED_ON - others
    assert {name.upper() for name in wanted} - environment.keys() == set()


def test_a_setting_that_is_not_set_keeps_its_default() -> None:
    for name, value in SERVICES["settings"]["environment"].items():
        if str(value).startswith("${") and name not in {"API_OPEN", "ALERT_URLS_FILE"}:
            assert value == f"${{{name}:-}}"


def test_only_the_producer_and_the_check_have_alpacas_keys() -> None:
    having = {name for name, service in SERVICES.items() if "APCA_API_SECRET_KEY" in service.get("environment", {})}
    assert having == {"producer", "settings"}
    assert SERVICES["producer"]["environment"]["SOURCE"] == "${SOURCE:-${APCA_API_KEY_ID:+alpaca-live}}"


def test_its_broker_and_no_other_may_get_synthetic_bars() -> None:
    environment = SERVICES["producer"]["environment"]
    assert environment["SYNTHETIC_BROKERS"] == environment["KAFKA_BOOTSTRAP"] == "kafka:19092"
    assert Settings.model_fields["synthetic_brokers"].default is None


def test_every_port_is_on_loopback() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(published) == 7
    assert all(re.fullmatch(r"127\.0\.0\.1:(\d+|\$\{[A-Z_]+:-\d+\}):\d+", port) for port in published)


def test_workers_can_be_many() -> None:
    for name in ("worker", "more-workers"):
        assert "ports" not in SERVICES[name]
        assert "container_name" not in SERVICES[name]
        assert SERVICES[name]["command"] == ["stocks", "worker", "--own-folder"]
    assert SERVICES["more-workers"]["networks"]["default"]["aliases"] == ["worker"]
    assert SERVICES["more-workers"]["deploy"]["replicas"] == 2


def test_the_image_is_built_once() -> None:
    assert [name for name, service in SERVICES.items() if "build" in service] == ["worker"]
    for name in OURS:
        assert SERVICES[name]["image"] == SERVICES["worker"]["image"]
        assert SERVICES[name]["pull_policy"] == "never"


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert "privileged" not in service
    assert "network_mode" not in service
    assert service["logging"]["options"]["max-size"] == "10m"
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}


@pytest.mark.parametrize("name", ["kafka", "registry", "worker", "more-workers", "front", "producer"])
def test_a_look_at_a_container_is_cheap_and_asks_whether_it_is_ready(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert (check["interval"], check["start_interval"]) == ("30s", "1s")
    command = check["test"][-1]
    assert check["test"][:3] == ["CMD", "bash", "-c"]
    assert "/dev/tcp/127.0.0.1/" in command
    if name in OURS:
        assert "GET /ready " in command


def test_no_volume_is_anonymous() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert not re.search(r"^VOLUME", dockerfile, re.MULTILINE)
    named = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {name for name in named if not name.startswith("./")} == COMPOSE["volumes"].keys()
    # Those that the broker's image would make by itself.
    covered = {*SERVICES["kafka"]["tmpfs"], *(volume.split(":")[1] for volume in SERVICES["kafka"]["volumes"])}
    assert {"/etc/kafka/secrets", "/mnt/shared/config", "/var/lib/kafka/data"} <= covered


@pytest.mark.parametrize(
    ("name", "place", "file", "config", "services"),
    [
        ("ALERT_URLS_FILE", "/etc/alert-urls", COMPOSE, "alert-urls", {"settings", "alerts"}),
        (
            *("KAFKA_CA_FILE", "/etc/kafka-ca.pem", CLOUD, "kafka-ca"),
            {"settings", "worker", "more-workers", "producer", "alerts"},
        ),
    ],
)
def test_a_file_that_a_setting_names_is_in_the_containers_that_have_the_setting(
    name: str, place: str, file: dict[str, Any], config: str, services: set[str]
) -> None:
    assert file["configs"][config] == {"file": f"${{{name}:-/dev/null}}"}
    having = {
        service for service, found in file["services"].items() if (found.get("environment") or {}).get(name) is not None
    }
    assert having == services
    for service in services:
        assert file["services"][service]["environment"][name] == f"${{{name}:+{place}}}"
        assert {"source": config, "target": place} in file["services"][service]["configs"]


def test_the_check_of_the_settings_is_a_command_of_ours_and_the_images_version_an_argument() -> None:
    assert SERVICES["settings"]["command"] == ["stocks", "doctor", "--settings"]
    assert SERVICES["worker"]["build"]["args"] == {"VERSION": "${STOCKS_VERSION:-}"}
    assert "\nARG VERSION\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_bad_settings_end_it_before_anything_that_is_started_again() -> None:
    assert SERVICES["settings"]["restart"] == "no"
    for name in ("worker", "more-workers", "producer"):
        assert SERVICES[name]["depends_on"]["settings"] == {"condition": "service_completed_successfully"}
        assert SERVICES[name]["restart"] == "unless-stopped"


def test_the_image_has_a_numeric_user_and_no_java() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER \d+:\d+$", dockerfile, re.MULTILINE)
    assert "--extra" not in dockerfile
    last = dockerfile.rpartition("\nFROM ")[2]
    assert last.index("COPY --from=build /app /app") < last.index("COPY --from=code /code /app")


def test_profiles() -> None:
    found = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
    assert found == {
        "more-workers": ["scale"],
        "alerts": ["alerts"],
        "ui": ["ui"],
        "prometheus": ["metrics"],
        "grafana": ["metrics"],
    }


def test_every_file_that_is_mounted_is_there_and_watched_code_is_ours() -> None:
    watched = [each["path"] for each in SERVICES["worker"]["develop"]["watch"]]
    assert all((ROOT / path).exists() for path in [*watched, "deploy/compose/kafka/log4j2.yaml"])
    packages = ["app", "agents", "tables", "schemas", "web"]
    assert set(packages) <= set(watched)
