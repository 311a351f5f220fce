"""Every RPC of ours, and which pod may call it: what the descriptor set and the policies say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module

import yaml
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import Default

from tests.mesh import ROOT

POLICIES = ROOT / "mesh/istio/security"
DESCRIPTORS = ROOT / "services/gateway/src/souk_gateway/descriptors.binpb"
# The caller's Deployment, and the service account that its certificate names.
CALLERS = {
    "acquirer": "acquirer",
    "catalog": "catalog",
    "gateway": "gateway",
    "inventory": "inventory",
    "order": "order",
    "payment-v1": "payment",
    "payment-v2": "payment",
}


@dataclass(frozen=True)
class Rpc:
    """One RPC."""

    service: str
    """The Kubernetes Service."""
    path: str
    """`/package.Service/Method`."""
    request: Descriptor

    @property
    def caller(self) -> str:
        """A Deployment whose pods may call it."""
        may = allowed()
        return next(caller for caller, account in CALLERS.items() if self.path in may[account])

    def __str__(self) -> str:
        return self.path.rsplit(".", 1)[1]


def rpcs() -> Iterator[Rpc]:
    """Every RPC of ours."""
    for file in FileDescriptorSet.FromString(DESCRIPTORS.read_bytes()).file:
        if not file.package.startswith("souk."):
            continue
        # The generated code knows the options that rules are written in.
        import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
        for service in file.service:
            for method in service.method:
                request: Descriptor = Default().FindMessageTypeByName(method.input_type.removeprefix("."))
                yield Rpc(file.package.split(".")[1], f"/{file.package}.{service.name}/{method.name}", request)


def allowed() -> Mapping[str, set[str]]:
    """For each service account the paths that some policy lets it call."""
    paths: dict[str, set[str]] = {account: set() for account in CALLERS.values()}
    for file in POLICIES.glob("*.yaml"):
        for policy in yaml.safe_load_all(file.read_text()):
            for rule in policy.get("spec", {}).get("rules", ()):
                for source in rule.get("from", ()):
                    for principal in source["source"]["principals"]:
                        for to in rule["to"]:
                            account = principal.rsplit("/", 1)[1]
                            paths.setdefault(account, set()).update(to["operation"].get("paths", ()))
    return paths
