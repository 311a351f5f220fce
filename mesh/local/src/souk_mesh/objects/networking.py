"""What all of Istio's networking kinds share."""

from __future__ import annotations

from typing import Literal

ApiVersion = Literal["networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3"]
SUBSET = r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$"
"""The name of a subset (a DNS label), or none."""
