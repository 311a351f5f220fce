"""What of Istio's API the local mesh refuses: why, and what to write instead.

The loader says it to whoever writes such a field; `docs/fidelity.md` lists it. Keys name the model and the field in it,
so that a part that stands in several places is spoken of once; `field=VALUE` is one value of a field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from souk_mesh.objects.meta import Model


@dataclass(frozen=True)
class Refusal:
    """Why something is refused, and what to do."""

    reason: str
    instead: str


_ONE_MACHINE = "every workload of a mesh on one machine is a pod of a Deployment, StatefulSet or Job"
_NO_FILES = "the file stands in the container of a cluster's sidecar, and here is no such container"
_OWN_LISTENERS = "every host has a listener of its own here, at an address that the local mesh chooses"
_AMBIENT = "waypoints and Gateway API resources are not run here: every pod has its own sidecar"
_GATEWAY_FILES = "the proxy of a gateway is the whole pod here: no file is mounted into it"
_CREDENTIAL = "put it into a Secret and name that as credentialName"

KINDS: Mapping[str, Refusal] = {
    "EnvoyFilter": Refusal(
        "it patches what istiod generates, name by name, and names of listeners and filters are others here",
        "say it by a VirtualService, DestinationRule or policy; if there is no such field, try it on a cluster",
    ),
    "ProxyConfig": Refusal(
        "it tunes a cluster's proxies; here each starts with one worker and the same bootstrap",
        "leave it out of the local overlay: add it in a component of the cluster's overlays",
    ),
    "TrafficExtension": Refusal(
        "extensions are not run here", "do it in the service, or by a VirtualService or AuthorizationPolicy"
    ),
    "WasmPlugin": Refusal(
        "extensions are not fetched or run here", "do it in the service, or by a VirtualService or AuthorizationPolicy"
    ),
    "WorkloadEntry": Refusal(_ONE_MACHINE, "write a Deployment, or a ServiceEntry with endpoints"),
    "WorkloadGroup": Refusal(_ONE_MACHINE, "write a Deployment, or a ServiceEntry with endpoints"),
}

FIELDS: Mapping[str, Refusal] = {
    # VirtualService
    "HTTPRoute.delegate": Refusal(
        "one VirtualService can't hand over to another here", "write the routes of the delegate into this one"
    ),
    "VirtualServiceSpec.tls": Refusal(
        "nothing here routes encrypted bytes by SNI", "end TLS at a Gateway and write `http`, or write `tcp`"
    ),
    "FaultAbort.http2Error": Refusal("Istio itself does nothing with it", "write httpStatus or grpcStatus"),
    "FaultDelay.exponentialDelay": Refusal("Istio itself does nothing with it", "write fixedDelay"),
    "HTTPRoute.mirror_percent": Refusal("Istio's oldest name for it", "write mirrorPercentage"),
    "L4MatchAttributes.destinationSubnets": Refusal(
        "addresses here are not those of a cluster", "tell Services apart by `port`, or write a VirtualService for each"
    ),
    "L4MatchAttributes.sourceSubnet": Refusal(
        "Istio itself does nothing with it", "tell callers apart by sourceLabels or sourceNamespace"
    ),
    # DestinationRule
    "TrafficPolicy.proxyProtocol": Refusal(
        "no program here reads the PROXY protocol's first line", "leave it to the overlay of the cluster"
    ),
    "TrafficPolicy.tunnel": Refusal("there is no proxy outside to tunnel through", "call the destination itself"),
    "OutlierDetection.outlierDetectionHttpErrorCodes": Refusal(
        "Istio itself does nothing with it", "count by consecutive5xxErrors or consecutiveGatewayErrors"
    ),
    "OutlierDetection.consecutiveErrors": Refusal(
        "Istio no longer knows it", "write consecutive5xxErrors or consecutiveGatewayErrors"
    ),
    "LoadBalancerSettings.simple=PASSTHROUGH": Refusal(
        "it sends a call to the address that the application chose, which here is always its own sidecar's",
        "write another of the simple ones, or leave it out",
    ),
    "ClientTLS.caCertificates": Refusal(_NO_FILES, "put it into a Secret and write credentialName"),
    "ClientTLS.clientCertificate": Refusal(_NO_FILES, "put it into a Secret and write credentialName"),
    "ClientTLS.privateKey": Refusal(_NO_FILES, "put it into a Secret and write credentialName"),
    "ClientTLS.caCrl": Refusal(_NO_FILES, "put it into a Secret and write credentialName"),
    "RetryBudget.budgetInterval": Refusal("the proxy that runs here counts active requests only", "leave it out"),
    # ServiceEntry
    "EntryPort.protocol=GRPC-WEB": Refusal(
        "sidecars do not turn gRPC-Web into gRPC here", "call it by gRPC, or let the port be HTTP"
    ),
    "ServiceEntrySpec.resolution=NONE": Refusal(
        "it sends a call to the address that the application looked up, which the sidecar can't know here",
        "write DNS, or STATIC with endpoints",
    ),
    "ServiceEntrySpec.resolution=DYNAMIC_DNS": Refusal(
        "it is for hosts with wildcards, and which of them is called the sidecar can't know here",
        "write an entry for each host that is called, with the resolution DNS",
    ),
    "WorkloadEntry.network": Refusal("there is one network", "leave it out"),
    # Sidecar
    "SidecarSpec.ingress": Refusal(
        "a sidecar listens where the containers' ports and the Services say", "leave it out of the local overlay"
    ),
    "EgressListener.port": Refusal(_OWN_LISTENERS, "leave it out: the hosts then count for all ports"),
    "EgressListener.bind": Refusal(_OWN_LISTENERS, "leave it out"),
    "EgressListener.captureMode": Refusal(_OWN_LISTENERS, "leave it out"),
    "OutboundTrafficPolicy.egressProxy": Refusal(
        "calls to hosts that nobody knows do not pass a sidecar here", "write a ServiceEntry for the host"
    ),
    # Gateway
    "GatewayPort.protocol=GRPC-WEB": Refusal("nothing here turns gRPC-Web into gRPC", "write HTTP: REST is translated"),
    "GatewayPort.protocol=MONGO": Refusal("nothing here reads it", "write TCP"),
    "GatewayPort.protocol=MYSQL": Refusal("nothing here reads it", "write TCP"),
    "GatewayPort.protocol=REDIS": Refusal("nothing here reads it", "write TCP"),
    "GatewayPort.targetPort": Refusal("Istio itself does nothing with it", "leave it out"),
    "GatewayServer.defaultEndpoint": Refusal("Istio itself does nothing with it", "write a VirtualService"),
    "ServerTLS.mode=AUTO_PASSTHROUGH": Refusal(
        "it joins the networks of several clusters, and here is one machine", "write SIMPLE, MUTUAL or ISTIO_MUTUAL"
    ),
    "ServerTLS.serverCertificate": Refusal(_GATEWAY_FILES, _CREDENTIAL),
    "ServerTLS.privateKey": Refusal(_GATEWAY_FILES, _CREDENTIAL),
    "ServerTLS.caCertificates": Refusal(_GATEWAY_FILES, _CREDENTIAL),
    "ServerTLS.caCrl": Refusal(_GATEWAY_FILES, "put it into the Secret as `crl`, and name that as credentialName"),
    "ServerTLS.tlsCertificates": Refusal(_GATEWAY_FILES, "put them into Secrets, and name those as credentialNames"),
    "ServerTLS.caCertCredentialName": Refusal(
        "it is for Gateway API resources", "call the Secret <credentialName>-cacert, or put `ca.crt` into the first"
    ),
    # AuthorizationPolicy
    "AuthorizationPolicySpec.action=AUDIT": Refusal(
        "it only marks requests for a logger that is not run here", "leave the policy out, or write ALLOW or DENY"
    ),
    "AuthorizationPolicySpec.action=CUSTOM": Refusal(
        "an outside authorizer is declared in MeshConfig, which is not read here", "write ALLOW or DENY"
    ),
    "Condition.key=experimental.envoy.filters": Refusal(
        "it asks for what a filter of Envoy notes, and Istio may drop it", "ask for an attribute of the call"
    ),
    "AuthorizationPolicySpec.provider": Refusal(
        "an outside authorizer is declared in MeshConfig, which is not read here", "write ALLOW or DENY"
    ),
    "AuthorizationPolicySpec.targetRef": Refusal(_AMBIENT, "choose pods by `selector`"),
    "AuthorizationPolicySpec.targetRefs": Refusal(_AMBIENT, "choose pods by `selector`"),
    # RequestAuthentication
    "RequestAuthenticationSpec.targetRef": Refusal(_AMBIENT, "choose pods by `selector`"),
    "RequestAuthenticationSpec.targetRefs": Refusal(_AMBIENT, "choose pods by `selector`"),
    "JWTRule.jwks_uri": Refusal("it is another spelling of a field", "write jwksUri"),
}
"""By `Model.field`, or `Model.field=VALUE`."""


def refused_kind(kind: str) -> Refusal | None:
    """Why a kind is refused, if it is."""
    return KINDS.get(kind)


def refused_field(model: type[Model], name: str) -> Refusal | None:
    """Why a field is refused, if it is; `name` as in YAML."""
    return FIELDS.get(f"{model.__name__}.{name}")


def refused_value(model: type[Model], name: str, value: str) -> Refusal | None:
    """Why a value of a field is refused, if it is."""
    return FIELDS.get(f"{model.__name__}.{name}={value}")


def refused_values(model: type[Model], name: str) -> tuple[str, ...]:
    """The values of a field that are refused for a reason."""
    start = f"{model.__name__}.{name}="
    return tuple(key.removeprefix(start) for key in FIELDS if key.startswith(start))
