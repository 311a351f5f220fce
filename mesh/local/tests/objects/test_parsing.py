"""What is accepted, what is refused, and in which words."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from souk_mesh.objects import (
    AnyObject,
    ConfigMap,
    Deployment,
    Malformed,
    PeerAuthentication,
    Secret,
    Service,
    VirtualService,
    dump,
    parse,
)
from souk_mesh.objects.apps import RollingUpdate
from souk_mesh.objects.meta import format_duration, parse_duration

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: order, namespace: souk, creationTimestamp: null}
spec:
  selector: {matchLabels: {app: order}}
  template:
    metadata: {labels: {app: order}}
    spec:
      serviceAccountName: order
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true}
      topologySpreadConstraints: [{maxSkew: 1}]
      initContainers: [{name: migrate, image: "souk/order:1", args: [migrate]}]
      containers:
        - name: order
          image: souk/order:1
          env:
            - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
            - {name: APP, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
          ports: [{name: grpc, containerPort: 50051}]
          readinessProbe: {grpc: {port: 50052}}
          lifecycle: {preStop: {sleep: {seconds: 2}}}
          resources: {limits: {memory: 128Mi}}
          volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, emptyDir: {}}]
"""

VIRTUAL_SERVICE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: payment, namespace: souk}
spec:
  hosts: [payment]
  http:
    - match: [{uri: {prefix: /a}, headers: {x-user: {exact: ann}}, method: {exact: POST}}]
      route:
        - {destination: {host: payment, subset: v1}, weight: 90}
        - {destination: {host: payment, subset: v2}, weight: 10}
      timeout: 1.5s
      retries: {attempts: 2, perTryTimeout: 250ms, retryOn: "unavailable,reset"}
      fault: {abort: {percentage: {value: 0.5}, grpcStatus: UNAVAILABLE}}
"""


def read(text: str) -> AnyObject:
    return parse(yaml.safe_load(text))


def refusal(text: str) -> str:
    with pytest.raises(Malformed) as caught:
        read(text)
    return "\n".join(f"{error} | {error.remedy}" for error in caught.value.errors)


def test_a_deployment_has_kubernetes_defaults() -> None:
    deployment = read(DEPLOYMENT)
    assert isinstance(deployment, Deployment)
    pod = deployment.spec.template.spec
    assert deployment.spec.replicas == 1
    assert pod.termination_grace_period_seconds == 30
    probe = pod.containers[0].readiness_probe
    assert probe is not None
    assert (probe.period_seconds, probe.timeout_seconds, probe.failure_threshold) == (10, 1, 3)


def test_a_virtual_service_reads_as_it_is_written() -> None:
    service = read(VIRTUAL_SERVICE)
    assert isinstance(service, VirtualService)
    route = service.spec.http[0]
    assert service.spec.gateways == ("mesh",)
    assert route.route[1].destination.subset == "v2"
    assert route.timeout == timedelta(seconds=1.5)
    assert route.retries is not None
    assert route.retries.per_try_timeout == timedelta(milliseconds=250)


@pytest.mark.parametrize("text", [DEPLOYMENT, VIRTUAL_SERVICE])
def test_what_is_dumped_reads_back_the_same(text: str) -> None:
    assert parse(dump(read(text))) == read(text)


def test_fields_that_only_a_cluster_honours_are_listed() -> None:
    assert [entry.path for entry in read(DEPLOYMENT).unenforced()] == [
        "spec.template.spec.containers[0].resources",
        "spec.template.spec.securityContext",
        "spec.template.spec.topologySpreadConstraints",
    ]


def test_a_kind_without_local_meaning_is_kept_and_listed() -> None:
    budget = read("{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a}, spec: {minAvailable: 1}}")
    assert [entry.reason for entry in budget.unenforced()] == ["there are no nodes to drain"]


def test_a_secret_shows_nothing_and_lets_plain_data_win() -> None:
    secret = read("{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {k: YQ==, l: Yg==}, stringData: {k: c}}")
    assert isinstance(secret, Secret)
    assert secret.content == {"k": b"c", "l": b"b"}
    assert "YQ==" not in repr(secret)


def test_a_config_map_holds_text_and_bytes() -> None:
    config = read("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: é}, binaryData: {b: AAE=}}")
    assert isinstance(config, ConfigMap)
    assert config.content == {"k": "é".encode(), "b": b"\0\1"}


def test_ports_of_a_peer_authentication_are_numbers() -> None:
    policy = read(
        "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a},"
        " spec: {selector: {matchLabels: {a: b}}, portLevelMtls: {50052: {mode: DISABLE}}}}"
    )
    assert isinstance(policy, PeerAuthentication)
    assert policy.spec.port_level_mtls[50052].mode == "DISABLE"


def test_a_target_port_is_a_number_or_a_name() -> None:
    service = read(
        "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: ["
        "{name: a, port: 8080, targetPort: http}, {name: b, port: 8081, targetPort: 9090}]}}"
    )
    assert isinstance(service, Service)
    assert [port.target_port for port in service.spec.ports] == ["http", 9090]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: Deployment", "kind: CronJob", 'kind "CronJob" (apps/v1) is not supported'),
        ("apps/v1", "apps/v1beta1", 'apiVersion "apps/v1beta1" is not supported | supported: apps/v1'),
        ("selector:", "selecter:", 'spec.selecter is unknown, or not supported by the local mesh | did you mean "sele'),
        ("selector: {matchLabels: {app: order}}", "replicas: 1", "spec.selector is required"),
        ("selector:", 'replicas: "2"\n  selector:', 'spec.replicas is "2": input should be a valid integer'),
        ("selector:", "replicas: -1\n  selector:", "spec.replicas is -1: input should be greater than or equal to 0"),
        ("args: [migrate]", "args: [1]", "spec.template.spec.initContainers[0].args[0] is 1: input should be a valid"),
        ("emptyDir: {}", "hostPath: {}", "volumes[0].hostPath is unknown, or not supported by the local mesh | known"),
        ("{name: data, emptyDir: {}}", "{name: data}", "volumes[0] is wrong: set exactly one of persistentVolumeClaim"),
        ("metadata.name}", "status.hostIP}", 'fieldPath is "status.hostIP": string should match'),
        ("grpc: {port: 50052}", "grpc: {port: 70000}", "readinessProbe.grpc.port is 70000: input should be less than"),
        ("name: order, namespace", "name: ../order, namespace", 'metadata.name is "../order": string should match'),
        (
            "spec:\n      service",
            "spec:\n      hostNetwork: true\n      service",
            "spec.template.spec.hostNetwork is un",
        ),
    ],
)
def test_a_deployment_is_refused_by_field(old: str, new: str, said: str) -> None:
    assert old in DEPLOYMENT
    assert said in refusal(DEPLOYMENT.replace(old, new))


DESTINATION_RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: payment, namespace: souk}
spec:
  host: payment
  trafficPolicy:
    loadBalancer: {consistentHash: {httpHeaderName: x, maglev: {tableSize: 65537}}}
    connectionPool: {tcp: {maxConnections: 1}, http: {idleTimeout: 1s}}
    outlierDetection: {consecutive5xxErrors: 5, interval: 1s}
    tls: {mode: ISTIO_MUTUAL}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ISTIO_MUTUAL", "MUTUAL", "MUTUAL needs a credentialName here"),
        ("mode: ISTIO_MUTUAL", "mode: SIMPLE, caCertificates: /etc/ca.pem", "no such container"),
        ("65537", "65536", "maglev.tableSize is wrong: 65536 is not prime"),
        ("interval: 1s", "consecutiveLocalOriginFailures: 1", "counts only with splitExternalLocalOriginErrors: true"),
        (
            "{tcp: {maxConnections: 1}, http: {idleTimeout: 1s}}",
            "{}",
            "connectionPool is wrong: at least one",
        ),
        ("idleTimeout: 1s", "idleTimeout: 0s", "http.idleTimeout is wrong: Istio takes whole milliseconds"),
        ("idleTimeout: 1s", "useClientProtocol: true, h2UpgradePolicy: UPGRADE", "contradict each other"),
        ("consecutive5xxErrors", "consecutiveErrors", "Istio no longer knows it | write consecutive5xxErrors or"),
        (
            "tls:",
            "tunnel: {targetHost: a, targetPort: 1}\n    tls:",
            "spec.trafficPolicy.tunnel is what the local",
        ),
    ],
)
def test_a_destination_rule_is_refused_by_field(old: str, new: str, said: str) -> None:
    read(DESTINATION_RULE)
    assert old in DESTINATION_RULE
    assert said in refusal(DESTINATION_RULE.replace(old, new))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("{action: DENY}", "spec is wrong: DENY without rules denies nothing"),
        (
            "{action: AUDIT}",
            'spec.action is "AUDIT", which the local mesh refuses: it only marks requests for',
        ),
        ("{action: ALOW}", "spec.action is \"ALOW\"; it must be 'ALLOW' or 'DENY'"),
        ("{rules: [{from: []}]}", "spec.rules[0] is wrong: from must not be empty"),
        ('{rules: [{to: [{operation: {paths: [""]}}]}]}', "to[0].operation.paths[0] is"),
        ("{rules: [{when: [{values: [a]}]}]}", "spec.rules[0].when[0].key is required"),
    ],
)
def test_an_authorization_policy_is_refused_by_field(spec: str, said: str) -> None:
    head = "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a}, spec: "
    read(f"{head}{{rules: [{{}}]}}}}")
    assert said in refusal(f"{head}{spec}}}")


def test_a_kind_of_istio_that_is_refused_says_why_and_what_to_do() -> None:
    said = refusal("{apiVersion: networking.istio.io/v1alpha3, kind: EnvoyFilter, metadata: {name: a}}")
    assert 'kind "EnvoyFilter" is refused by the local mesh: it patches what istiod generates' in said
    assert "| say it by a VirtualService" in said


def test_all_mistakes_are_named_and_none_twice() -> None:
    text = VIRTUAL_SERVICE.replace("1.5s", "soon").replace("attempts: 2", "attemps: 2")
    assert len(refusal(text).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("250ms", 250), ("1.5s", 1500), ("1h2m3s", 3723000), ("0s", 0), (".5s", 500)]
)
def test_durations_read_as_go_writes_them(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == timedelta(milliseconds=milliseconds)


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=10)))
def test_any_duration_reads_back(value: timedelta) -> None:
    assert parse_duration(format_duration(value)) == value


@pytest.mark.parametrize(
    ("surge", "unavailable", "replicas", "expected"),
    [
        ("25%", "25%", 1, (1, 0)),
        ("25%", "25%", 10, (3, 2)),
        (0, 0, 3, (0, 1)),
        (0, "10%", 3, (0, 1)),
        (1, 0, 3, (1, 0)),
    ],
)
def test_a_rollout_rounds_as_kubernetes_does(
    surge: int | str, unavailable: int | str, replicas: int, expected: tuple[int, int]
) -> None:
    update = RollingUpdate(max_surge=surge, max_unavailable=unavailable)
    assert (update.surge(replicas), update.unavailable(replicas)) == expected


def test_a_mistake_in_a_secret_is_told_without_its_value() -> None:
    document = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"pin": 4711}}
    with pytest.raises(Malformed) as malformed:
        parse(document)
    assert "stringData.pin" in str(malformed.value)
    assert "4711" not in str(malformed.value)


def test_a_long_value_of_a_secret_may_be_broken_into_lines() -> None:
    text = base64.b64encode(b"certificate" * 20).decode()
    broken = "\n".join((text[:70], text[70:140], text[140:], ""))
    secret = parse({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"tls.crt": broken}})
    assert isinstance(secret, Secret)
    assert secret.content == {"tls.crt": b"certificate" * 20}
