"""A case is read strictly, and set in a scene that both sides are shown."""

from __future__ import annotations

import pytest
import yaml
from souk_oracle import manifests
from souk_oracle.case import Case, CaseError, Header, read_world
from souk_oracle.scene import scene


def case(proxy: str = "client") -> Case:
    return Case("family/name", Header(case="A case.", proxy=proxy), read_world("shop"))


def test_a_world_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(CaseError, match=r"worlds/nowhere\.yaml: there is no such world; there are .*shop"):
        read_world("nowhere")


def test_a_pod_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(CaseError, match=r"family/name\.yaml: proxy: there is no shop/nobody; there are .*shop/client"):
        scene(case("nobody"))


def test_a_pod_of_another_namespace_can_look() -> None:
    assert scene(case("other/audit")).looker.namespace == "other"


def test_both_sides_know_the_same_addresses() -> None:
    given = scene(case())
    pods = {each["metadata"]["name"]: each for each in yaml.safe_load_all(manifests.kubernetes(given))}
    assert pods["client-0"]["status"]["podIP"] == given.looker.addresses.pod
