"""What is said of localities: read and checked as Istio does, though there is one here."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, model_validator

from souk_mesh.objects.meta import Model, at_most_one


class Distribute(Model):
    """Which share of the calls from one place goes where, in percent."""

    from_: str = Field(alias="from")
    to: Mapping[str, int]

    @model_validator(mode="after")
    def _whole(self) -> Distribute:
        if any(not 1 <= share <= 100 for share in self.to.values()) or sum(self.to.values()) != 100:
            raise ValueError("the shares must be 1 to 100 and add up to 100")
        return self


class Failover(Model):
    """Which region stands in for which."""

    from_: str = Field(alias="from", pattern=r"^[^/*]+$")
    to: str = Field(pattern=r"^[^/*]+$")

    @model_validator(mode="after")
    def _another(self) -> Failover:
        if self.from_ == self.to:
            raise ValueError("a region can't stand in for itself")
        return self


class LocalityLbSetting(Model):
    """Which places are called from where."""

    distribute: tuple[Distribute, ...] | None = None
    failover: tuple[Failover, ...] | None = None
    failover_priority: tuple[str, ...] = ()
    enabled: bool | None = None

    @model_validator(mode="after")
    def _one(self) -> LocalityLbSetting:
        at_most_one(self, "distribute", "failover")
        return self


class ZoneAwareLbSetting(Model):
    """Whether zones are told apart, and which region stands in for which."""

    enabled: bool | None = None
    failover: tuple[Failover, ...] = ()
    failover_priority: tuple[str, ...] = ()
    min_cluster_size: int | None = Field(default=None, ge=0)
