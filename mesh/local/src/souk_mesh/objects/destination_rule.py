"""DestinationRule: how a host is called, and what subsets its pods make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from souk_mesh.objects.exporting import Anyone
from souk_mesh.objects.meta import LabelSelector, Model, Object
from souk_mesh.objects.networking import SUBSET, ApiVersion
from souk_mesh.objects.traffic import TrafficPolicy


class Subset(Model):
    """Some of a Service's pods, by their labels."""

    name: str = Field(min_length=1, pattern=SUBSET)
    labels: Mapping[str, str] = {}
    traffic_policy: TrafficPolicy | None = None


class DestinationRuleSpec(Model):
    """How one host is called."""

    host: str = Field(min_length=1)
    traffic_policy: TrafficPolicy | None = None
    subsets: tuple[Subset, ...] = ()
    export_to: Anyone = ()
    workload_selector: LabelSelector | None = None
    """The pods of the rule's own namespace that go by it when they call; all, and of every namespace, without one."""


class DestinationRule(Object):
    """What holds after routing: balancing, bounds, subsets."""

    api_version: ApiVersion = "networking.istio.io/v1"
    kind: Literal["DestinationRule"] = "DestinationRule"
    spec: DestinationRuleSpec
