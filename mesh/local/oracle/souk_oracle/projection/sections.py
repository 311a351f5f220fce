"""The parts of a projection, and the plain data that they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

Section = Literal["outbound", "clusters", "endpoints", "inbound", "gateways"]

Projection = Mapping[Section, Mapping[str, Json]]
"""What a proxy does, by section, and in it by what it is about: `host:port`, a cluster's name, a port."""
