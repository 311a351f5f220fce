"""Which pods are told alike what is not their own."""

from __future__ import annotations

from dataclasses import replace

from test_scopes import pod

from souk_mesh.topology import Pod, Proxy
from souk_mesh.xds.companies import Company, Crowd, companies
from souk_mesh.xds.routes import Callers
from souk_mesh.xds.scopes import Scope

SCOPE = Scope("shop", False, None, ())
EDGE = Scope("shop", True, None, ())
FIRST = replace(pod(app="a", version="v1", tier="front"), name="a-1")
SECOND = replace(pod(app="b", version="v1"), name="b-1")
THIRD = replace(pod(app="b", version="v2"), name="b-2")
INGRESS = replace(pod(proxy=Proxy.ROUTER, app="b", version="v1"), name="ingress-1")


def found(*asked: str) -> dict[Company, tuple[Pod, ...]]:
    scopes = {each.node: EDGE if each is INGRESS else SCOPE for each in (FIRST, SECOND, THIRD, INGRESS)}
    return dict(companies(Crowd((FIRST, SECOND, THIRD, INGRESS), scopes, frozenset(asked))))


def test_sidecars_of_one_scope_are_a_company_and_gateways_another() -> None:
    assert found() == {
        Company(SCOPE, Callers("shop", (), SCOPE)): (FIRST, SECOND, THIRD),
        Company(EDGE, None): (INGRESS,),
    }


def test_labels_that_rules_ask_for_tell_companies_apart() -> None:
    assert found("version", "tier", "zone") == {
        Company(SCOPE, Callers("shop", (("tier", "front"), ("version", "v1")), SCOPE)): (FIRST,),
        Company(SCOPE, Callers("shop", (("version", "v1"),), SCOPE)): (SECOND,),
        Company(SCOPE, Callers("shop", (("version", "v2"),), SCOPE)): (THIRD,),
        Company(EDGE, None): (INGRESS,),
    }
