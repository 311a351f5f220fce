"""What is taken over from an earlier translation is what would come out anew, and nobody else hears of a change."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from changing_objects import APPS, CALLING, EDGE, OBJECTS, PODS, ROUTES, RULES, SECURITY, SERVICES
from hypothesis import given, settings
from hypothesis import strategies as st

from souk_mesh.identity import CertificateAuthority
from souk_mesh.objects import AnyObject, parse
from souk_mesh.xds import Configuration, Kind, Translation, View, translate

AUTHORITY = CertificateAuthority.create()
LEAF = AUTHORITY.issue("spiffe://cluster.local/ns/souk/sa/anybody")


@st.composite
def views(draw: st.DrawFn) -> View:
    chosen = draw(st.lists(st.sampled_from(OBJECTS), unique_by=id))
    objects = {each.key: each for each in chosen}
    pods = draw(st.lists(st.sampled_from(PODS), unique_by=lambda pod: pod.name))
    ready = draw(st.lists(st.booleans(), min_size=len(pods), max_size=len(pods)))
    return View(
        Configuration.of(objects.values()),
        tuple(replace(pod, ready=flag) for pod, flag in zip(pods, ready, strict=True)),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(views(), min_size=2, max_size=4))
def test_whatever_came_before_the_result_is_the_same(history: list[View]) -> None:
    told = Translation()
    for view in history:
        told = translate(view, lambda _: LEAF, AUTHORITY.roots, told)
        anew = translate(view, lambda _: LEAF, AUTHORITY.roots)
        for pod in view.pods:
            assert told.resources(pod) == anew.resources(pod)


def test_a_weight_changes_one_table_of_each_caller_and_nothing_of_a_gateway() -> None:
    before, after = _changed(ROUTES["a", "b", 0], ROUTES["a", "b", 40])
    for pod in (PODS[0], *PODS[2:4]):
        old, new = before.resources(pod), after.resources(pod)
        assert {kind for kind in Kind if old.resources(kind) != new.resources(kind)} == {Kind.ROUTES}
        tables = old.resources(Kind.ROUTES), new.resources(Kind.ROUTES)
        changed = [name for name in tables[0] if tables[0][name] != tables[1][name]]
        assert changed == ["a.souk.svc.cluster.local:50051"]
    # An earlier entry of the rule takes all that this pod sends.
    assert after.resources(PODS[1]) == before.resources(PODS[1])
    assert after.resources(PODS[4]) is before.resources(PODS[4])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SECURITY["AuthorizationPolicy", "rules: [{}]"], SECURITY["AuthorizationPolicy", "action: DENY, rules: [{}]"]),
        (SERVICES["a", "grpc"], SERVICES["a", "grpc"]),
    ],
)
def test_proxies_that_a_change_does_not_concern_keep_the_very_same_resources(old: str, new: str) -> None:
    before, after = _changed(old, new)
    for pod in PODS[2:]:
        assert after.resources(pod) is before.resources(pod)


def test_callers_of_different_sight_share_what_they_are_told_alike() -> None:
    narrow = CALLING["Sidecar", 'egress: [{hosts: ["./a.souk.svc.cluster.local"]}]']
    less = narrow.replace("egress", "workloadSelector: {labels: {app: b}}, egress").replace("./a.", "./c.")
    _, told = _changed(ROUTES["c", "c", 0], ROUTES["c", "c", 40], less)
    tables = [
        made.result
        for callers, all_told in told.told.items()
        for (service, _), made in all_told.result.hosts.items()
        if service.name == "c" and not callers.labels
    ]
    assert len(tables) == 2
    assert tables[0] is tables[1]


def test_what_a_sidecar_hides_concerns_its_pods_no_more() -> None:
    scoped = CALLING["Sidecar", 'egress: [{hosts: ["./a.souk.svc.cluster.local"]}]']
    before, after = _changed(ROUTES["c", "c", 0], ROUTES["c", "c", 40], scoped)
    hidden = "outbound|50051||c.souk.svc.cluster.local"
    for pod in PODS[:4]:
        assert after.resources(pod) is before.resources(pod)
        assert hidden not in after.resources(pod).resources(Kind.CLUSTER)
    assert hidden in after.resources(PODS[4]).resources(Kind.CLUSTER)


def test_pods_in_whose_company_nobody_is_concerned_are_not_looked_at() -> None:
    before, after = _changed(ROUTES["a", "b", 0], ROUTES["a", "b", 40])
    (edge,) = [company for company, made in after.members.items() if PODS[4] in made.inputs.pods]
    assert after.members[edge] is before.members[edge]
    assert any(after.members[each] is not before.members[each] for each in after.members)


def test_pods_of_a_namespace_share_clusters_and_endpoints() -> None:
    told, _ = _changed(ROUTES["a", "b", 0], ROUTES["a", "b", 40])
    first, second = (told.resources(pod) for pod in PODS[1:3])
    assert first.resources(Kind.ENDPOINTS) is second.resources(Kind.ENDPOINTS)
    name = "outbound|50051||a.souk.svc.cluster.local"
    assert first.resources(Kind.CLUSTER)[name] is second.resources(Kind.CLUSTER)[name]


def _changed(old: str, new: str, *more: str) -> tuple[Translation, Translation]:
    standing = [*(SERVICES[app, "grpc"] for app in APPS), RULES["b", "tls: {mode: DISABLE}"], *EDGE.values(), *more]
    told = Translation()
    results = []
    for text in (old, new):
        objects = {each.key: each for each in map(_parsed, (*standing, text))}
        told = translate(View(Configuration.of(objects.values()), PODS), lambda _: LEAF, AUTHORITY.roots, told)
        results.append(told)
    return results[0], results[1]


def _parsed(text: str) -> AnyObject:
    return parse(yaml.safe_load(text))
