"""What is said of Istio's API is true, whole, and as the page says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml

from fidelity.cases import Case, cases
from fidelity.fields import Accepted, Alike, Enforced, Refused, fields, used
from fidelity.page import PAGE, current, page, unproved
from fidelity.schema import Definition, Schema, published
from souk_mesh.objects.inert import REASONS
from souk_mesh.objects.meta import Model
from souk_mesh.objects.parsing import KINDS
from souk_mesh.objects.reflection import fields_of, literals_in, model_in
from souk_mesh.objects.refusals import FIELDS

TEXT = {"type": "string"}
MATCH = {"type": "object", "properties": {"exact": TEXT}}
ROUTES = Definition(
    "VirtualService",
    ("networking.istio.io/v1",),
    Schema(
        yaml.safe_load(f"""
properties:
  http:
    type: array
    items:
      properties:
        delegate: {{type: object, properties: {{name: {{}}}}}}
        timeout: {{type: string}}
        match:
          type: array
          items:
            properties:
              headers: {{type: object, additionalProperties: {MATCH}}}
              uri: {MATCH}
""")
    ),
)
PEERS = Definition(
    "PeerAuthentication",
    ("security.istio.io/v1",),
    Schema({"properties": {"mtls": {"properties": {"mode": {"enum": ["STRICT", "LENIENT"]}}}}}),
)


def test_a_refused_field_is_listed_alone_and_a_part_that_comes_again_once() -> None:
    found = {each.name: each.verdict for each in fields(ROUTES)}
    assert list(found) == [
        "spec.http[].delegate",
        "spec.http[].timeout",
        "spec.http[].match[].headers.*.exact",
        "spec.http[].match[].uri",
    ]
    assert isinstance(found["spec.http[].delegate"], Refused)
    assert found["spec.http[].timeout"] == Enforced()
    assert found["spec.http[].match[].uri"] == Alike("spec.http[].match[].headers.*")


def test_a_kind_that_is_accepted_and_does_nothing_is_listed_whole_with_the_reason() -> None:
    (found,) = fields(Definition("Telemetry", ("telemetry.istio.io/v1",), Schema({"properties": {"tracing": {}}})))
    assert found.path == ""
    assert found.verdict == Accepted(REASONS["telemetry.istio.io/v1", "Telemetry"])


def test_each_value_of_a_field_that_has_a_few_is_judged_by_itself() -> None:
    found = {each.name: each.verdict for each in fields(PEERS)}
    assert found == {"spec.mtls.mode: STRICT": Enforced(), "spec.mtls.mode: LENIENT": Refused(None)}


def test_what_a_case_uses_is_found_through_lists_and_maps_and_where_it_is_listed() -> None:
    route = {"spec": {"http": [{"match": [{"uri": {"exact": "/a"}}], "timeout": "1s"}]}}
    uses = used(ROUTES, fields(ROUTES), route)
    assert {"spec.http[].match[].uri", "spec.http[].match[].headers.*.exact", "spec.http[].timeout"} <= uses
    assert "spec.http[].match[].headers.*" not in uses


CONDITIONS = Definition(
    "AuthorizationPolicy",
    ("security.istio.io/v1",),
    Schema(
        yaml.safe_load("""
properties:
  rules: {items: {properties: {when: {items: {properties: {key: {type: string}}}}}}}
""")
    ),
)


def test_what_a_condition_asks_for_is_judged_by_itself_whatever_stands_in_its_brackets() -> None:
    found = fields(CONDITIONS)
    verdicts = {each.value: each.verdict for each in found}
    assert verdicts["request.headers"] == Enforced()
    assert isinstance(verdicts["experimental.envoy.filters"], Refused)
    policy = {"spec": {"rules": [{"when": [{"key": "request.headers[x-a]"}]}]}}
    assert "spec.rules[].when[].key: request.headers" in used(CONDITIONS, found, policy)


def _case(name: str, *http: Mapping[str, object]) -> Case:
    return Case(name, "It is so.", {}, [{"kind": "VirtualService", "spec": {"http": list(http)}}])


def test_a_field_that_no_case_uses_is_unproved() -> None:
    missing = list(unproved([ROUTES], [_case("oracle/a/one", {"timeout": "1s"})]))
    assert "VirtualService spec.http[].timeout: accepted without a case" not in missing
    assert "VirtualService spec.http[].match[].uri: accepted without a case" in missing
    assert not any("delegate" in each for each in missing)


def test_a_new_case_does_not_change_the_page_where_there_is_one_already() -> None:
    first = _case("oracle/a/two", {"timeout": "1s"}, {"match": [{"uri": {"exact": "/a"}}]})
    before = page([ROUTES], [first], "")
    assert "| [oracle/a/two](../mesh/local/oracle/cases/a/two.yaml) |" in before
    assert page([ROUTES], [_case("oracle/a/one", {"timeout": "1s"}), first], before) == before


def test_what_clients_see_otherwise_is_said_at_the_end_and_is_none_of_what_cannot_matter() -> None:
    text = page([], [Case("behaviour/a/one", "Calls are led.", {"local": "they stray"}, [])], "")
    _, _, end = text.partition("## What is otherwise, whatever the field")
    assert "| [Calls are led.](../mesh/local/behaviour/cases/a/one.yaml) | they stray |" in end
    assert text.count("they stray") == 1


def test_every_refusal_is_of_something_that_is_refused() -> None:
    models = {model.__name__: model for kind in KINDS.values() for model in _models(kind)}
    for key in FIELDS:
        place, _, value = key.partition("=")
        name, _, field = place.partition(".")
        assert name in models, f"{key}: no such model"
        known = fields_of(models[name])
        assert (value not in literals_in(known[field].annotation)) if value else (field not in known), key


def test_every_field_has_a_case_that_proves_it_or_a_reason_why_it_is_refused() -> None:
    assert list(unproved(published(), cases())) == []


def test_the_page_says_what_holds() -> None:
    assert current() == page(published(), cases(), current()), (
        f"{PAGE} is not current\n  `make fidelity` writes it anew"
    )


def _models(model: type[Model]) -> Iterator[type[Model]]:
    yield model
    for field in fields_of(model).values():
        if (inner := model_in(field.annotation)) is not None:
            yield from _models(inner)
