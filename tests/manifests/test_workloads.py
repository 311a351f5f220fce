"""What holds of every workload, whoever adds it: labels, ports, rights, images, secrets."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.manifests.overlays import Manifest, Overlay, pod
from tests.mesh import ROOT

NAME, INSTANCE, VERSION = (f"app.kubernetes.io/{label}" for label in ("name", "instance", "version"))
# By these a port's protocol is known to Istio.
PROTOCOLS = ("grpc", "http", "http2", "https", "tcp", "tls")
PRIVILEGED = 1024
OURS = re.compile(r"souk/([a-z-]+):(\d+\.\d+\.\d+)")
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|PRIVATE|CREDENTIAL|API_KEY", re.IGNORECASE)
URL_WITH_PASSWORD = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


def selectors(manifest: Manifest) -> Iterator[Mapping[str, str]]:
    """By which labels an object finds pods."""
    match manifest.kind:
        case "PodDisruptionBudget" | "AuthorizationPolicy" | "PeerAuthentication" | "Deployment":
            yield manifest.spec.get("selector", {}).get("matchLabels", {})
        case "Service" | "Gateway":
            yield manifest.spec["selector"]


def ports(manifest: Manifest) -> Iterator[tuple[str, int]]:
    """The names and numbers of an object's ports."""
    match manifest.kind:
        case "Service":
            yield from ((port.get("name", ""), port["port"]) for port in manifest.spec["ports"])
        case "Gateway":
            yield from ((each["port"]["name"], each["port"]["number"]) for each in manifest.spec["servers"])
        case "Deployment":
            containers = pod(manifest)["containers"]
            yield from ((p.get("name", ""), p["containerPort"]) for each in containers for p in each.get("ports", ()))


def strings(value: Any) -> Iterator[str]:  # noqa: ANN401 - anything that YAML holds
    """Every string in a value."""
    match value:
        case str():
            yield value
        case Mapping():
            for inner in value.values():
                yield from strings(inner)
        case list():
            for inner in value:
                yield from strings(inner)


def test_every_pod_asks_for_its_sidecar_whatever_its_namespace_says(overlay: Overlay) -> None:
    asking = {
        str(each): each.spec["template"]["metadata"]["labels"].get("sidecar.istio.io/inject")
        for each in overlay.of("Deployment", "StatefulSet")
    }
    assert asking
    assert set(asking.values()) == {"true"}, asking


def test_selectors_carry_no_label_that_changes(overlay: Overlay) -> None:
    wrong = [
        f"{each}: {found}" for each in overlay.manifests for found in selectors(each) if found.keys() - {NAME, INSTANCE}
    ]
    assert not wrong


def test_ports_tell_their_protocol(overlay: Overlay) -> None:
    found = [(str(each), name) for each in overlay.manifests for name, _ in ports(each)]
    assert found
    assert not [each for each in found if each[1].split("-")[0] not in PROTOCOLS]


def test_no_port_that_a_program_opens_needs_a_privilege(overlay: Overlay) -> None:
    # On one machine the ports of Services and Gateways are opened, too.
    opened = overlay.manifests if overlay.name == "local" else overlay.of("Deployment")
    assert not [(str(each), number) for each in opened for _, number in ports(each) if number <= PRIVILEGED]


def test_every_deployment_is_labelled_with_name_instance_and_version(overlay: Overlay) -> None:
    for deployment in overlay.of("Deployment"):
        labels, of_pods = deployment.body["metadata"]["labels"], deployment.spec["template"]["metadata"]["labels"]
        ours = [OURS.fullmatch(container["image"]) for container in pod(deployment)["containers"]]
        tags = {found[2] for found in ours if found}
        assert len(tags) <= 1, f"{deployment} runs several versions: {tags}"
        for given in (labels, of_pods):
            assert given[INSTANCE] == deployment.name, deployment
            assert {given[VERSION]} == tags if tags else True, f"{deployment}: {VERSION} is not its image's tag"
            assert NAME in given


def test_the_newest_tag_of_each_image_is_the_version_of_its_service(overlay: Overlay) -> None:
    tags: defaultdict[str, set[tuple[int, ...]]] = defaultdict(set)
    for container in overlay.containers:
        if found := OURS.fullmatch(container.image):
            tags[found[1]].add(tuple(map(int, found[2].split("."))))
    projects = {path.parent.name: tomllib.loads(path.read_text()) for path in ROOT.glob("services/*/pyproject.toml")}
    versions = {name: project["project"]["version"] for name, project in projects.items()}
    assert {name: ".".join(map(str, max(found))) for name, found in tags.items()} == versions


def test_images_are_pinned_and_are_not_pulled_anew_when_they_are_there(overlay: Overlay) -> None:
    for container in overlay.containers:
        by_istio = container.image == "auto" and container.body.get("imagePullPolicy") == "IfNotPresent"
        tag = container.image.partition(":")[2]
        assert by_istio or (tag and tag != "latest"), f"{container}: {container.image}"


def test_pods_have_no_right_that_they_do_not_use(overlay: Overlay) -> None:
    for account in overlay.of("ServiceAccount"):
        assert account.body["automountServiceAccountToken"] is False, account
    for deployment in overlay.of("Deployment"):
        assert pod(deployment)["automountServiceAccountToken"] is False, deployment
    ours = [each for each in overlay.of("Deployment") if pod(each)["containers"][0]["image"] != "auto"]
    assert ours
    for deployment in ours:
        spec = pod(deployment)
        assert spec["enableServiceLinks"] is False, deployment
        assert spec["securityContext"]["runAsNonRoot"] is True, deployment
        assert spec["securityContext"]["runAsUser"] > 0, deployment
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, deployment
        assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC"}, deployment


def test_containers_gain_no_privilege_and_can_not_change_their_image(overlay: Overlay) -> None:
    for container in overlay.containers:
        rights = container.body["securityContext"]
        assert rights["allowPrivilegeEscalation"] is False, container
        assert rights["capabilities"] == {"drop": ["ALL"]}, container
        assert rights["readOnlyRootFilesystem"] is True, container


def test_containers_say_what_they_need_and_are_bounded_in_memory_alone(overlay: Overlay) -> None:
    for container in overlay.containers:
        resources = container.body["resources"]
        assert resources["requests"].keys() == {"cpu", "memory"}, container
        assert resources["limits"].keys() == {"memory"}, container  # why not processor time: base/chassis.yaml


def test_so_do_sidecars(overlay: Overlay) -> None:
    for deployment in overlay.of("Deployment"):
        annotations = deployment.spec["template"]["metadata"].get("annotations", {})
        asked = {name for name in annotations if name.startswith("sidecar.istio.io/proxy")}
        alone = pod(deployment)["containers"][0]["image"] == "auto"
        wanted = {f"sidecar.istio.io/proxy{what}" for what in ("CPU", "Memory", "MemoryLimit")}
        assert asked == (set() if alone else wanted), deployment


def test_containers_tell_whether_they_are_ready_and_alive(overlay: Overlay) -> None:
    for deployment in overlay.of("Deployment"):
        for container in pod(deployment)["containers"]:
            if container["image"] == "auto":
                continue  # Istio's template brings them
            assert "readinessProbe" in container, f"{deployment}: {container['name']}"
            if OURS.fullmatch(container["image"]):
                assert "livenessProbe" in container, f"{deployment}: {container['name']}"


def test_no_secret_is_written_in_yaml(overlay: Overlay) -> None:
    assert not overlay.of("Secret")
    for container in overlay.containers:
        for variable in container.body.get("env", ()):
            assert not (SECRET_NAME.search(variable["name"]) and "value" in variable), (
                f"{container}: {variable['name']}"
            )
    texts = [(str(manifest), text) for manifest in overlay.manifests for text in strings(manifest.body)]
    assert not [manifest for manifest, text in texts if URL_WITH_PASSWORD.search(text) or "PRIVATE KEY-----" in text]


def test_a_busy_node_gets_no_program_started_again_that_is_only_slow(overlay: Overlay) -> None:
    probes = {str(each): each.body["livenessProbe"] for each in overlay.containers if "livenessProbe" in each.body}
    assert probes
    assert {
        name: probe
        for name, probe in probes.items()
        if probe.get("timeoutSeconds", 1) < 5 or probe["periodSeconds"] * probe.get("failureThreshold", 3) < 60
    } == {}
