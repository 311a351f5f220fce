"""PATCH, and conditions on etags."""

import pytest
from souk_gateway.descriptors import load
from souk_gateway.testing import Backend, Gateway

ETAG = '"17-3"'
OTHER = '"16-2"'


@pytest.mark.parametrize(
    ("query", "body", "paths"),
    [
        ("", {"displayName": "Jug"}, ["display_name"]),
        ("", {"display_name": "Jug", "price": {"units": "3"}}, ["display_name", "price"]),
        ("?requestId=6f0c1d2e-0000-4000-8000-000000000001", {"description": ""}, ["description"]),
        ("?", {"description": None}, ["description"]),
        ("", {"name": "products/mug", "etag": ETAG, "createTime": "2026-01-01T00:00:00Z", "price": {}}, ["price"]),
        ("?updateMask=description", {"displayName": "Jug"}, ["description"]),
        ("?update_mask=description", {"displayName": "Jug"}, ["description"]),
        ("?update%5Fmask=displayName,price", {}, ["display_name", "price"]),
    ],
)
def test_a_patch_changes_what_its_mask_names_or_else_what_its_body_holds(
    gateway: Gateway, backend: Backend, query: str, body: object, paths: list[str]
) -> None:
    assert gateway.call("PATCH", f"/v1/products/mug{query}", body).status == 200
    assert list(backend.requests[-1].update_mask.paths) == paths
    assert backend.requests[-1].product.name == "products/mug"


@pytest.mark.parametrize("body", [None, {}, {"etag": ETAG}, {"name": "products/mug"}])
def test_a_patch_of_nothing_is_refused_since_services_take_an_empty_mask_for_all_fields(
    gateway: Gateway, backend: Backend, body: object
) -> None:
    before = len(backend.requests)
    answer = gateway.call("PATCH", "/v1/products/mug", body)
    assert (answer.status, answer.reason) == (400, "NOTHING_TO_CHANGE")
    assert len(backend.requests) == before


def test_the_protos_have_a_patch_at_all() -> None:
    methods = [method for service in load().public_services for method in service.methods]
    assert any(binding.verb == "PATCH" for method in methods for binding in method.bindings)


@pytest.mark.parametrize("etags", [ETAG, f"W/{ETAG}", "*", f'"1", {ETAG}', f'W/"1",W/{ETAG}'])
def test_what_the_client_has_already_is_not_sent_again(gateway: Gateway, etags: str) -> None:
    answer = gateway.call("GET", "/v1/products/kept", headers={"If-None-Match": etags})
    assert (answer.status, answer.text) == (304, "")
    assert (answer.headers["etag"], answer.headers["cache-control"]) == (ETAG, "max-age=5")


@pytest.mark.parametrize("etags", [OTHER, "17-3", '"17-3', ""])
def test_another_etag_gets_the_resource(gateway: Gateway, etags: str) -> None:
    answer = gateway.call("GET", "/v1/products/kept", headers={"If-None-Match": etags})
    assert (answer.status, answer.json["name"]) == (200, "products/kept")
    assert answer.headers["etag"] == ETAG


def test_a_head_may_be_conditional_too(gateway: Gateway) -> None:
    assert gateway.call("HEAD", "/v1/products/kept", headers={"If-None-Match": ETAG}).status == 304


def test_if_none_match_says_nothing_where_there_is_no_etag(gateway: Gateway) -> None:
    assert gateway.call("GET", "/v1/products/mug", headers={"If-None-Match": "*"}).status == 200


@pytest.mark.parametrize("etag", [ETAG, f"W/{ETAG}"])
def test_the_condition_of_an_update_reaches_the_service(gateway: Gateway, backend: Backend, etag: str) -> None:
    answer = gateway.call("PATCH", "/v1/products/mug", {"displayName": "Jug"}, {"If-Match": etag})
    assert (answer.status, backend.metadata["if-match"]) == (200, ETAG)


def test_a_stale_etag_in_if_match_is_a_failed_precondition(gateway: Gateway) -> None:
    answer = gateway.call("PATCH", "/v1/products/mug", {"displayName": "Jug"}, {"If-Match": OTHER})
    assert (answer.status, answer.json["code"], answer.reason) == (412, 10, "ETAG_MISMATCH")


@pytest.mark.parametrize("headers", [{}, {"If-Match": ETAG}])
def test_another_conflict_stays_one(gateway: Gateway, headers: dict[str, str]) -> None:
    answer = gateway.call("PATCH", "/v1/products/mug", {"displayName": "locked"}, headers)
    assert (answer.status, answer.json["code"], answer.reason) == (409, 10, "TRY_AGAIN")
