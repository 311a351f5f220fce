"""Only the images that a change concerns are built."""

from __future__ import annotations

import pytest

from scripts.changed import changed
from tests.mesh import ROOT

ALL = sorted(path.parent.name for path in (ROOT / "services").glob("*/pyproject.toml"))
ON_THE_CHASSIS = [name for name in ALL if name != "gateway"]


@pytest.mark.parametrize(
    ("file", "services"),
    [
        ("services/order/src/souk_order/saga.py", ["order"]),
        ("services/order/requirements.lock", ["order"]),
        ("services/gateway/src/souk_gateway/openapi.json", ["gateway"]),
        ("services/order/tests/test_saga.py", []),
        ("services/order/README.md", []),
        ("chassis/src/souk_chassis/server.py", ON_THE_CHASSIS),
        ("protos/souk/catalog/v1/catalog.proto", ["catalog", "order"]),
        ("protos/souk/acquirer/v1/acquirer.proto", ["acquirer", "payment"]),
        ("services/Dockerfile", ALL),
        ("scripts/requirements.lock", ALL),
        ("requirements.lock", []),
        ("docs/delivery.md", []),
        ("deploy/kustomize/base/order/deployment.yaml", []),
        ("mesh/local/src/souk_mesh/cli.py", []),
    ],
)
def test_a_file_concerns_the_images_that_are_made_of_it(file: str, services: list[str]) -> None:
    assert changed(ROOT, [file]) == services


def test_what_an_image_copies_is_what_it_is_said_to_be_made_of() -> None:
    copied = {
        source
        for line in (ROOT / "services/Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }
    service = "services/${SERVICE}"
    assert copied == {
        *("scripts/requirements.lock", "pyproject.toml", "protos/pyproject.toml", "protos/gen", "chassis"),
        *(service, f"{service}/requirements.lock"),
    }
