"""deploy/kubernetes: valid by Kubernetes' own schemas, and true to the code that it runs."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from app.cli import COMMANDS
from app.producer.pace import AsFastAsPossible
from app.producer.runner import Runner
from app.producer.service import create_app as producer_app
from app.settings import Settings, load_settings, setting_fields
from app.sources.fault_counter import FaultCounter
from tests.unit.web.fake import FakeReader
from web.main import create_app

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
EXAMPLES = sorted((FOLDER / "secrets").glob("*.env.example"))
ADDRESSES = {"worker": "api", "producer": "health"}

# Asked for off loopback, and a setting once the API has a login.
KNOWN = {name.upper() for name in setting_fields()}


def documents() -> list[dict[str, Any]]:
    return [each for name in KUSTOMIZATION["resources"] for each in yaml.safe_load_all((FOLDER / name).read_text())]


def named(kind: str, name: str) -> dict[str, Any]:
    return next(each for each in documents() if (each["kind"], each["metadata"]["name"]) == (kind, name))


def pod(name: str) -> dict[str, Any]:
    kind = "StatefulSet" if name == "worker" else "Deployment"
    found: dict[str, Any] = named(kind, name)["spec"]["template"]["spec"]
    return found


def container(name: str) -> dict[str, Any]:
    [found] = pod(name)["containers"]
    return dict(found)


def variables(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", path.read_text(), re.MULTILINE))


def probes(name: str) -> Iterator[dict[str, Any]]:
    yield from (probe["httpGet"] for key, probe in container(name).items() if key.endswith("Probe"))


def paths(name: str) -> set[str]:
    """What the worker or the producer answers."""
    if name == "worker":
        return set(create_app(FakeReader()).openapi()["paths"])
    runner = Runner(None, lambda: None, pace=AsFastAsPossible(), clock=lambda: 0.0, patient=True)  # type: ignore[arg-type, return-value]
    app = producer_app(runner, FaultCounter(lambda _: None, "Record"), lambda: None)
    return {route.path for route in app.routes if hasattr(route, "path")}


def identity(document: dict[str, Any]) -> str:
    return f"{document['kind']} {document['metadata']['name']}"


@pytest.mark.parametrize("version", ["1.30", "1.36"])
@pytest.mark.parametrize("document", documents(), ids=identity)
def test_each_document_is_valid(document: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(document, version, strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document | {"speck": {}}, version, strict=True)


def test_every_file_is_part_of_it() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == set(KUSTOMIZATION["resources"])
    assert named("Namespace", KUSTOMIZATION["namespace"])


def test_settings_and_secrets_are_made_of_files_that_are_there() -> None:
    generated = {
        each["name"]: each["envs"] for each in KUSTOMIZATION["configMapGenerator"] + KUSTOMIZATION["secretGenerator"]
    }
    assert generated.pop("settings") == ["settings.env"]
    assert {f"{envs[0]}.example" for envs in generated.values()} == {f"secrets/{path.name}" for path in EXAMPLES}
    for name in ADDRESSES:
        sources = container(name)["envFrom"]
        used = {each[kind]["name"] for each in sources for kind in each}
        assert used <= {"settings", *generated}


@pytest.mark.parametrize("path", [FOLDER / "settings.env", *EXAMPLES], ids=lambda path: path.name)
def test_every_name_is_a_setting(path: Path) -> None:
    assert variables(path)
    assert set(variables(path)) - KNOWN == set()


@pytest.mark.parametrize("name", ADDRESSES)
def test_every_variable_of_a_container_is_a_setting(name: str) -> None:
    assert {each["name"] for each in container(name)["env"]} - KNOWN == set()


@pytest.mark.parametrize("name", ADDRESSES)
def test_the_program_takes_these_settings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = variables(FOLDER / "settings.env") | {each["name"]: each["value"] for each in container(name)["env"]}
    secret = {key: f"filled-in-{key}" for path in EXAMPLES for key in variables(path)}
    for key, value in (given | secret).items():
        monkeypatch.setenv(key, value)
    found = load_settings()
    assert found.kafka_bootstrap == given["KAFKA_BOOTSTRAP"]
    assert named("StatefulSet", "worker")["spec"]["replicas"] <= found.partitions


def test_secrets_are_empty_where_git_sees_them_and_each_program_has_its_own_alone() -> None:
    assert {value for path in EXAMPLES for value in variables(path).values()} == {""}
    ignored = [str(path).removesuffix(".example") for path in EXAMPLES]
    done = subprocess.run(["git", "check-ignore", *ignored], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ignored
    secrets = {
        name: {each["secretRef"]["name"] for each in container(name)["envFrom"] if "secretRef" in each}
        for name in ADDRESSES
    }
    assert secrets == {"worker": {"cluster", "api"}, "producer": {"cluster", "alpaca"}}


@pytest.mark.parametrize("name", ADDRESSES)
def test_probes_ask_what_the_program_answers_at_its_port(name: str) -> None:
    setting = "api_port" if name == "worker" else "producer_port"
    default = Settings.model_fields[setting].default
    environment = {each["name"]: each["value"] for each in container(name)["env"]}
    [port] = container(name)["ports"]
    assert port == {"name": ADDRESSES[name], "containerPort": default}
    assert environment[setting.upper()] == str(default)
    asked = list(probes(name))
    assert len(asked) >= 2
    assert {each["port"] for each in asked} == {ADDRESSES[name]}
    assert {each["path"] for each in asked} <= paths(name)


def test_a_worker_is_ready_by_ready_and_alive_by_health() -> None:
    worker = container("worker")
    found = {key: probe["httpGet"]["path"] for key, probe in worker.items() if key.endswith("Probe")}
    assert found == {"startupProbe": "/health", "livenessProbe": "/health", "readinessProbe": "/ready"}


@pytest.mark.parametrize("name", ADDRESSES)
def test_the_command_is_one_of_ours(name: str) -> None:
    program, command = container(name)["command"]
    scripts = re.search(r"^\[project\.scripts\]\n(\w+) =", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert scripts
    assert (program, command in COMMANDS) == (scripts[1], True)


def test_each_worker_has_a_volume_of_its_own_for_its_tables() -> None:
    spec = named("StatefulSet", "worker")["spec"]
    [claim] = [each["metadata"]["name"] for each in spec["volumeClaimTemplates"]]
    mounted = {each["name"]: each["mountPath"] for each in container("worker")["volumeMounts"]}
    environment = {each["name"]: each["value"] for each in container("worker")["env"]}
    # A folder in it: what a file system has at its root, such as lost+found, is not ours.
    assert Path(environment["DATA_DIR"]).parent == Path(mounted[claim])


def test_there_is_one_producer_and_the_old_one_ends_first() -> None:
    spec = named("Deployment", "producer")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


@pytest.mark.parametrize("name", ADDRESSES)
def test_nobody_is_root_or_may_write_where_no_volume_is(name: str) -> None:
    assert pod(name)["securityContext"]["runAsNonRoot"] is True
    assert pod(name)["automountServiceAccountToken"] is False
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container(name)["resources"]["limits"]


@pytest.mark.parametrize("document", documents(), ids=identity)
def test_what_selects_pods_selects_some(document: dict[str, Any]) -> None:
    labels = [named("StatefulSet", "worker"), named("Deployment", "producer")]
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in labels]
    selector = document.get("spec", {}).get("selector") or document.get("spec", {}).get("podSelector") or {}
    wanted = selector.get("matchLabels", selector)
    assert any(wanted.items() <= each.items() for each in pods)


def test_policies_open_the_ports_that_are_used() -> None:
    worker, cluster = named("NetworkPolicy", "worker")["spec"], named("NetworkPolicy", "cluster")["spec"]
    api = Settings.model_fields["api_port"].default
    assert [each["port"] for rule in worker["ingress"] + worker["egress"] for each in rule["ports"]] == [api, api]
    given = variables(FOLDER / "settings.env")
    out = {each["port"] for rule in cluster["egress"] for each in rule["ports"]}
    assert out == {53, 443, int(given["KAFKA_BOOTSTRAP"].rpartition(":")[2])}
    assert given["SCHEMA_REGISTRY_URL"].startswith("https://")
    services = [each["spec"]["ports"] for each in documents() if each["kind"] == "Service"]
    assert services == [[{"name": "api", "port": api, "targetPort": "api"}]] * 2


def test_workers_have_names_that_others_reach() -> None:
    spec = named("StatefulSet", "worker")["spec"]
    service = named("Service", spec["serviceName"])["spec"]
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", True)
    # API_HOST 0.0.0.0 has a worker tell others the machine's name, which may have 64 characters.
    assert pod("worker")["setHostnameAsFQDN"] is True
    assert len(f"worker-999.{spec['serviceName']}.{KUSTOMIZATION['namespace']}.svc.cluster.local") <= 64
