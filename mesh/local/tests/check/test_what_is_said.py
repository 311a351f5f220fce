"""Everything that is said of a mistake, word by word: the tables are in `said/`, one mistake each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from test_check import SHOP, checked

NETWORKING, SECURITY = "networking.istio.io/v1", "security.istio.io/v1"
VERSIONS = {
    "Service": "v1",
    "StatefulSet": "apps/v1",
    "AuthorizationPolicy": SECURITY,
    "PeerAuthentication": SECURITY,
    "RequestAuthentication": SECURITY,
}


@dataclass(frozen=True)
class Mistake:
    """What is changed in the shop, the specs of what is added to it by kind, and what is then said."""

    said: str
    change: Mapping[str, str] = field(default_factory=dict)
    add: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)

    def text(self) -> str:
        """The shop with the mistake in it; what is added is called a, b, …"""
        text = SHOP
        for old, new in self.change.items():
            assert old in text
            text = text.replace(old, new)
        added = [_document(kind, "abc"[n], spec) for kind, each in self.add.items() for n, spec in enumerate(each)]
        return "---".join((text, *added))


def _document(kind: str, name: str, spec: Mapping[str, object]) -> str:
    metadata = {"name": name, "namespace": "souk"}
    document = {"apiVersion": VERSIONS.get(kind, NETWORKING), "kind": kind, "metadata": metadata, "spec": spec}
    return f"\n{yaml.safe_dump(document)}"


MISTAKES = {
    f"{table.stem}-{number}": Mistake(**each)
    for table in sorted((Path(__file__).parent / "said").glob("*.yaml"))
    for number, each in enumerate(yaml.safe_load(table.read_text()))
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_object_its_field_and_a_remedy(mistake: Mistake, tmp_path: Path) -> None:
    assert "\n".join(map(str, checked(mistake.text(), tmp_path))) == mistake.said.rstrip("\n")
