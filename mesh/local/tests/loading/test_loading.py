"""From a folder to objects, with file and line of every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from souk_mesh.check import check
from souk_mesh.images import load_images
from souk_mesh.objects import ConfigMap, ObjectKey
from souk_mesh.overlays.kustomize import Unbuildable, start
from souk_mesh.overlays.loading import load
from souk_mesh.problems import Rejected

KUSTOMIZE = Path(__file__).parents[4] / ".souk/bin/kustomize"

FILES = {
    "overlays/local/kustomization.yaml": """
resources: [../../base]
components: [../../traffic]
patches:
  - {path: level.yaml}
  - {path: names.yaml, target: {kind: Service}}
  - target: {kind: Service, name: payment}
    patch: |-
      - op: add
        path: /spec/ports/0/appProtocol
        value: grpc
configMapGenerator:
  - name: generated
    literals: [a=b]
""",
    "overlays/local/level.yaml": """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  level: DEBUG
""",
    "overlays/local/names.yaml": """
apiVersion: v1
kind: Service
metadata: {name: any}
spec:
  type: LoadBalancer
""",
    "base/kustomization.yaml": "namespace: souk\nresources: [objects.yaml]\n",
    "base/objects.yaml": """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {level: INFO}
---
apiVersion: v1
kind: Service
metadata: {name: payment}
spec:
  selector: {app: payment}
  ports:
    - name: grpc
      port: 50051
""",
    "traffic/kustomization.yaml": """
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources: [payment.yaml]
""",
    "traffic/payment.yaml": """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: payment, namespace: souk}
spec:
  hosts: [payment]
  http:
    - route:
        - destination:
            host: payment
            subset: v3
""",
}


def written(root: Path, **changes: tuple[str, str]) -> Path:
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        old, new = changes.get(path.stem, ("", ""))
        path.write_text(content.replace(old, new) if old else content)
    return root / "overlays/local"


def rejection(root: Path, **changes: tuple[str, str]) -> str:
    try:
        overlay = load(start(written(root, **changes), KUSTOMIZE), root)
    except Rejected as rejected:
        return str(rejected)
    return "\n".join(map(str, overlay.refused))


def test_a_kustomization_becomes_typed_objects(tmp_path: Path) -> None:
    overlay = load(start(written(tmp_path), KUSTOMIZE), tmp_path)
    assert overlay.name == "overlays/local"
    settings = next(each for each in overlay.objects if each.key == ObjectKey("ConfigMap", "souk", "settings"))
    assert isinstance(settings, ConfigMap)
    assert settings.data == {"level": "DEBUG"}


def test_a_problem_found_later_is_located(tmp_path: Path) -> None:
    overlay = load(start(written(tmp_path), KUSTOMIZE), tmp_path)
    found = overlay.locate(check(overlay.objects, load_images(tmp_path, Path("python"))))
    assert [str(each) for each in found if "subset" in str(each)] == [
        "error: overlays/local: VirtualService souk/payment: "
        'spec.http[0].route[0].destination.subset "v3" is not defined\n'
        "  traffic/payment.yaml:11\n"
        "  there is no DestinationRule for payment\n"
        "  add one that defines the subset"
    ]


def test_all_mistakes_of_all_objects_are_named_where_they_stand(tmp_path: Path) -> None:
    said = rejection(tmp_path, payment=("subset: v3", "subsett: v3"), objects=("port: 50051", "port: none"))
    assert "VirtualService souk/payment: spec.http[0].route[0].destination.subsett is unknown" in said
    assert "traffic/payment.yaml:11" in said
    assert 'Service souk/payment: spec.ports[0].port is "none"' in said
    assert "base/objects.yaml:14" in said


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        ("level", "level: DEBUG", "level: DEBUG\nimmutabel: true", "overlays/local/level.yaml:7"),
        ("kustomization", "value: grpc", "value: 1", "overlays/local/kustomization.yaml:11"),
        ("names", "LoadBalancer", "ExternalName", "overlays/local/names.yaml:6"),
    ],
)
def test_a_mistake_in_a_patch_is_found_in_the_patch(file: str, old: str, new: str, line: str, tmp_path: Path) -> None:
    assert line in rejection(tmp_path, **{file: (old, new)})


def test_a_generated_object_is_found_at_its_generator(tmp_path: Path) -> None:
    overlay = load(start(written(tmp_path), KUSTOMIZE), tmp_path)
    key = next(each.key for each in overlay.objects if each.key.name.startswith("generated-"))
    assert str(overlay.sources.find(key)) == "overlays/local/kustomization.yaml:13"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("metadata: {name: settings}", "metadata: {name: ["), "kustomize can't build it"),
        (("kind: Service", "kind: CronJob"), 'CronJob souk/payment: kind "CronJob" (v1) is not supported'),
        (("level: INFO", "level: 1"), "ConfigMap souk/settings: data.level is 1"),
    ],
)
def test_what_cannot_be_read_is_refused(change: tuple[str, str], said: str, tmp_path: Path) -> None:
    assert said in rejection(tmp_path, objects=change, level=("level: DEBUG", "other: x"))


def test_a_missing_folder_or_program_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unbuildable, match=r"is no directory; name one that holds a kustomization\.yaml"):
        start(tmp_path / "none", KUSTOMIZE)
    with pytest.raises(Unbuildable, match="can't be run: No such file or directory\n  `make env` builds it"):
        start(written(tmp_path), tmp_path / "kustomize")
