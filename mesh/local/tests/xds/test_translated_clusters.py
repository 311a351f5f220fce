"""What objects become in clusters and their endpoints, without a proxy."""

from __future__ import annotations

from translating import HOST, ORDER, PAYMENTS, cluster, destination_rule, shown, translated

from souk_mesh.xds import Kind


def test_a_cluster_is_unbounded_and_least_loaded_by_default() -> None:
    found = cluster()
    assert found["lbPolicy"] == "LEAST_REQUEST"
    assert found["connectTimeout"] == "10s"
    (bounds,) = found["circuitBreakers"]["thresholds"]
    assert {bounds[name] for name in ("maxConnections", "maxPendingRequests", "maxRequests", "maxRetries")} == {
        2**32 - 1
    }
    assert "outlierDetection" not in found


def test_callers_expect_the_accounts_of_the_services_pods_and_name_the_subset() -> None:
    found = cluster(destination_rule("host: payment, subsets: [{name: v1, labels: {version: v1}}]"), subset="v1")
    context = found["transportSocketMatches"][0]["transportSocket"]["typedConfig"]
    assert context["sni"] == f"outbound_.50051_.v1_.{HOST}"
    assert context["commonTlsContext"]["alpnProtocols"] == ["istio-peer-exchange", "istio", "h2"]
    names = context["commonTlsContext"]["combinedValidationContext"]["defaultValidationContext"]
    assert names["matchSubjectAltNames"] == [{"exact": "spiffe://cluster.local/ns/souk/sa/payment"}]


def test_a_subsets_policy_replaces_whole_blocks_of_the_services() -> None:
    rule = destination_rule(
        "host: payment, trafficPolicy: {loadBalancer: {simple: RANDOM},"
        " connectionPool: {http: {http2MaxRequests: 7}, tcp: {connectTimeout: 1s}}},"
        " subsets: [{name: v1, trafficPolicy: {connectionPool: {http: {maxRetries: 2}}}}]"
    )
    plain, subset = cluster(rule), cluster(rule, subset="v1")
    assert (plain["lbPolicy"], subset["lbPolicy"]) == ("RANDOM", "RANDOM")
    assert (plain["connectTimeout"], subset["connectTimeout"]) == ("1s", "10s")
    (before,), (after,) = plain["circuitBreakers"]["thresholds"], subset["circuitBreakers"]["thresholds"]
    assert (before["maxRequests"], after["maxRequests"], after["maxRetries"]) == (7, 2**32 - 1, 2)


def test_outlier_detection_leaves_what_is_unset_to_envoy() -> None:
    found = cluster(destination_rule("host: payment, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 2}}"))
    assert found["outlierDetection"] == {
        "consecutive5xx": 2,
        "enforcingConsecutive5xx": 100,
        "enforcingSuccessRate": 0,
    }
    assert found["commonLbConfig"] == {"healthyPanicThreshold": {}}  # 0: never send to pods that are left out


def test_the_callers_namespace_speaks_before_the_services_and_that_before_the_mesh() -> None:
    policy = "host: payment.souk.svc.cluster.local, trafficPolicy: {{loadBalancer: {{simple: {0}}}}}"
    mesh = destination_rule(policy.format("RANDOM"), "istio-system")
    own = destination_rule(policy.format("ROUND_ROBIN"))
    assert cluster(mesh)["lbPolicy"] == "RANDOM"
    assert "lbPolicy" not in cluster(mesh, own)  # ROUND_ROBIN, the enum's zero


def test_only_ready_pods_are_endpoints_on_the_port_that_the_name_means() -> None:
    result = translated(pods=(ORDER, PAYMENTS[0]))
    (group,) = shown(result, Kind.ENDPOINTS, f"outbound|50051||{HOST}")["endpoints"]
    (endpoint,) = group["lbEndpoints"]
    assert endpoint["endpoint"]["address"]["socketAddress"] == {"address": "127.9.2.1", "portValue": 50061}
    assert endpoint["metadata"]["filterMetadata"] == {"envoy.transport_socket_match": {"tlsMode": "istio"}}
