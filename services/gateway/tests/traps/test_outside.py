"""What the outside may ask of the proxy itself, and of whom."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from souk.catalog.v1 import catalog_pb2
from souk_gateway.testing import Backend, Gateway

from .plain import FORBIDDEN, SERVICES, SHOP, Plain

SECURITY = Path(__file__).resolve().parents[4] / "mesh" / "istio" / "security"


def test_a_stranger_sets_the_timeout(hole: Gateway, gateway: Gateway, backend: Backend) -> None:
    headers = {"x-envoy-upstream-rq-timeout-ms": "50", "x-forwarded-for": "10.0.0.1"}
    backend.release.clear()
    assert hole.call("GET", "/v1/products/slow", headers=headers).status == 504
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(gateway.call, "GET", "/v1/products/slow", headers=headers)
        with pytest.raises(TimeoutError):
            call.result(0.3)
        backend.release.set()
        assert call.result(5).status == 200


def test_a_stranger_says_by_which_path_a_call_came_in(hole: Gateway, gateway: Gateway, backend: Backend) -> None:
    grpc = {"content-type": "application/grpc", "te": "trailers", "x-envoy-original-path": "/evil"}
    for asked, arrives in ((hole, True), (gateway, False)):
        asked.call("POST", f"/{SERVICES[0]}/GetProduct", b"\0\0\0\0\0", grpc)
        assert ("x-envoy-original-path" in backend.metadata) == arrives


def test_who_forwards_for_whom_is_not_the_clients_to_say(hole: Gateway, gateway: Gateway, backend: Backend) -> None:
    headers = {"x-forwarded-for": "10.9.8.7", "x-forwarded-proto": "https", "x-forwarded-host": "evil.example"}
    hole.call("GET", "/v1/products/mug", headers=headers)
    assert backend.metadata["x-forwarded-for"] == "10.9.8.7"
    gateway.call("GET", "/v1/products/mug", headers=headers)
    # What the ingress wrote there; who called us is added to it.
    assert len(backend.metadata["x-forwarded-for"].split(",")) == 2
    assert "x-envoy-internal" not in backend.metadata


def test_a_policy_on_grpc_routes_is_none_for_preflights(hole: Gateway, gateway: Gateway) -> None:
    headers = {"origin": SHOP, "access-control-request-method": "GET"}
    assert hole.call("OPTIONS", "/v1/products/mug", headers=headers).status == 404
    assert (
        gateway.call("OPTIONS", "/v1/products/mug", headers=headers).status == 204
    )  # test_cors.py has what is allowed


def test_a_policy_on_a_grpc_path_is_judged_before_the_path_is_rewritten(
    plain: Plain, gateway: Gateway, backend: Backend
) -> None:
    before = len(backend.requests)
    assert plain.gateway.call("DELETE", "/v1/products/mug").status == 200  # though DeleteProduct is forbidden there
    assert len(backend.requests) == before + 1
    forbidden = plain.gateway.call("POST", FORBIDDEN, b"", {"content-type": "application/grpc", "te": "trailers"})
    assert (forbidden.headers["grpc-status"], len(backend.requests)) == ("7", before + 1)
    # Ours stand where the path is that of gRPC, whichever way a call came in: at the services. The gateway has none.
    policies = {name: yaml.safe_load((SECURITY / f"{name}.yaml").read_text()) for name in ("catalog", "gateway")}
    assert "paths" not in str(policies["gateway"])
    assert FORBIDDEN in policies["catalog"]["spec"]["rules"][0]["to"][0]["operation"]["paths"]
    gateway.call("DELETE", "/v1/products/mug")
    assert isinstance(backend.requests[-1], catalog_pb2.DeleteProductRequest)
