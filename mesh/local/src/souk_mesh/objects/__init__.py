"""The typed, strict objects that the local mesh accepts, as they stand in YAML."""

from souk_mesh.objects.apps import Deployment, RollingUpdate
from souk_mesh.objects.authorization_policy import (
    AuthorizationPolicy,
    Condition,
    From,
    Operation,
    Rule,
    Source,
    To,
)
from souk_mesh.objects.connection_pool import (
    ConnectionKeepalive,
    ConnectionPool,
    HTTPSettings,
    TcpKeepalive,
    TCPSettings,
)
from souk_mesh.objects.core import (
    ConfigMap,
    Namespace,
    PersistentVolumeClaim,
    Secret,
    Service,
    ServiceAccount,
    ServicePort,
    ServiceSpec,
)
from souk_mesh.objects.destination_rule import DestinationRule
from souk_mesh.objects.gateway import Gateway, GatewayServer, ServerTLS
from souk_mesh.objects.jobs import Job
from souk_mesh.objects.load_balancing import ConsistentHash, LoadBalancerSettings, Warmup
from souk_mesh.objects.meta import (
    Duration,
    LabelSelector,
    Metadata,
    Object,
    ObjectKey,
    contains,
)
from souk_mesh.objects.parsing import AnyObject, FieldError, Malformed, Workload, dump, parse
from souk_mesh.objects.peer_authentication import PeerAuthentication
from souk_mesh.objects.pods import (
    Container,
    ContainerPort,
    EnvSource,
    KeySelector,
    LifecycleHandler,
    PodSpec,
    PodTemplate,
    Probe,
)
from souk_mesh.objects.request_authentication import JWTRule, RequestAuthentication
from souk_mesh.objects.request_matching import HTTPMatchRequest, L4MatchAttributes, StringMatch
from souk_mesh.objects.route_answers import HTTPDirectResponse, HTTPRedirect, HTTPRewrite
from souk_mesh.objects.route_destinations import Destination, HTTPRouteDestination, Percent, RouteDestination
from souk_mesh.objects.route_headers import HeaderOperations, Headers
from souk_mesh.objects.route_policies import CorsPolicy, FaultAbort, FaultDelay, HTTPFaultInjection, HTTPRetry
from souk_mesh.objects.service_entry import EntryPort, ServiceEntry, WorkloadEntry
from souk_mesh.objects.sidecar import Sidecar
from souk_mesh.objects.stateful_sets import StatefulSet
from souk_mesh.objects.traffic import ClientTLS, OutlierDetection, RetryBudget, TrafficPolicy
from souk_mesh.objects.virtual_service import HTTPRoute, TCPRoute, VirtualService, VirtualServiceSpec
from souk_mesh.objects.volumes import (
    ConfigMapVolume,
    KeyToPath,
    ProjectedReference,
    ProjectedVolume,
    SecretVolume,
    Volume,
)

__all__ = [
    "AnyObject",
    "AuthorizationPolicy",
    "ClientTLS",
    "Condition",
    "ConfigMap",
    "ConfigMapVolume",
    "ConnectionKeepalive",
    "ConnectionPool",
    "ConsistentHash",
    "Container",
    "ContainerPort",
    "CorsPolicy",
    "Deployment",
    "Destination",
    "DestinationRule",
    "Duration",
    "EntryPort",
    "EnvSource",
    "FaultAbort",
    "FaultDelay",
    "FieldError",
    "From",
    "Gateway",
    "GatewayServer",
    "HTTPDirectResponse",
    "HTTPFaultInjection",
    "HTTPMatchRequest",
    "HTTPRedirect",
    "HTTPRetry",
    "HTTPRewrite",
    "HTTPRoute",
    "HTTPRouteDestination",
    "HTTPSettings",
    "HeaderOperations",
    "Headers",
    "JWTRule",
    "Job",
    "KeySelector",
    "KeyToPath",
    "L4MatchAttributes",
    "LabelSelector",
    "LifecycleHandler",
    "LoadBalancerSettings",
    "Malformed",
    "Metadata",
    "Namespace",
    "Object",
    "ObjectKey",
    "Operation",
    "OutlierDetection",
    "PeerAuthentication",
    "Percent",
    "PersistentVolumeClaim",
    "PodSpec",
    "PodTemplate",
    "Probe",
    "ProjectedReference",
    "ProjectedVolume",
    "RequestAuthentication",
    "RetryBudget",
    "RollingUpdate",
    "RouteDestination",
    "Rule",
    "Secret",
    "SecretVolume",
    "ServerTLS",
    "Service",
    "ServiceAccount",
    "ServiceEntry",
    "ServicePort",
    "ServiceSpec",
    "Sidecar",
    "Source",
    "StatefulSet",
    "StringMatch",
    "TCPRoute",
    "TCPSettings",
    "TcpKeepalive",
    "To",
    "TrafficPolicy",
    "VirtualService",
    "VirtualServiceSpec",
    "Volume",
    "Warmup",
    "Workload",
    "WorkloadEntry",
    "contains",
    "dump",
    "parse",
]
