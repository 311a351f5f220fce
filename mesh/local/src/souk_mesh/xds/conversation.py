"""One proxy's side of the aggregated discovery protocol, without any I/O: requests in, due responses out.

State of the world, as Envoy speaks it by default: clusters and listeners are always sent whole, of the other kinds
only what the proxy does not have yet. Changes go out in the order make before break: listeners, their filters and
routes only when the proxy has taken the clusters that they name, and a cluster that nothing needs any more is withdrawn
only when it has taken those that no longer name it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import any_pb2

from souk_mesh.xds.remaking import same
from souk_mesh.xds.resources import ByName, Kind, Resource, Resources

# Envoy asks for these without naming what it wants.
WILDCARDS = frozenset({Kind.CLUSTER, Kind.LISTENER})

# A proxy asks for these once clusters and listeners name them; for secrets only if any of them does.
NAMED = frozenset({Kind.ENDPOINTS, Kind.EXTENSION, Kind.ROUTES})

# A cluster can be used once its endpoints are there too, and Envoy asks for those only when it knows the cluster.
CLUSTERS = (Kind.CLUSTER, Kind.ENDPOINTS, Kind.SECRET)
NAMING_CLUSTERS = frozenset({Kind.LISTENER, Kind.EXTENSION, Kind.ROUTES})


@dataclass(frozen=True)
class Wanted:
    """What a proxy should have."""

    version: int
    resources: Resources

    def content(self, kind: Kind) -> ByName:
        """The resources of one kind: the very same as long as nothing in them changes."""
        return self.resources.resources(kind)


@dataclass
class _Subscription:
    """What the proxy asked for of one kind, what it was sent, and what it said to that."""

    names: frozenset[str] = frozenset()
    sent: ByName | None = None
    accepted: ByName = field(default_factory=dict)
    """What was sent when the proxy last said yes."""
    desired: ByName | None = None
    """What should be sent, until something that it depends on changes."""
    sent_version: str = ""
    nonce: str = ""
    acknowledged: bool = False
    refusal: str | None = None
    resend: bool = False

    @property
    def done(self) -> bool:
        return self.acknowledged and not self.resend


@dataclass
class Conversation:
    """What was said on one stream. Not thread-safe: it belongs to the event loop that serves the stream."""

    wanted: Wanted
    _subscriptions: dict[Kind, _Subscription] = field(default_factory=dict)
    _leaving: ByName = field(default_factory=dict)
    """Clusters that are no longer wanted but still held until no route can name them."""
    _counter: int = 0

    def want(self, wanted: Wanted) -> None:
        """Takes a new state that the proxy should have."""
        changed = [kind for kind in Kind if wanted.content(kind) is not self.wanted.content(kind)]
        self.wanted = wanted
        self._forget_desired(changed)
        clusters = self._subscriptions.get(Kind.CLUSTER)
        if Kind.CLUSTER in changed and clusters is not None and clusters.sent is not None:
            kept = wanted.content(Kind.CLUSTER)
            self._leaving = {name: body for name, body in clusters.sent.items() if name not in kept}

    def receive(self, request: discovery_pb2.DiscoveryRequest) -> None:
        """Takes a DiscoveryRequest: a subscription, an acknowledgement, or a refusal."""
        try:
            kind = Kind(request.type_url)
        except ValueError:
            return  # a kind that is never configured by us
        subscription = self._subscriptions.setdefault(kind, _Subscription())
        if request.response_nonce != subscription.nonce and request.response_nonce:
            return  # said before the proxy saw our latest; the answer to that one repeats the names
        if (names := frozenset(request.resource_names)) != subscription.names:
            subscription.names, subscription.desired = names, None
            # What a proxy drops it must be sent again, should it ever ask for it again.
            subscription.accepted = {name: each for name, each in subscription.accepted.items() if name in names}
            if subscription.sent is not None and kind not in WILDCARDS:
                subscription.sent = {name: each for name, each in subscription.sent.items() if name in names}
        if not request.response_nonce:
            return
        if request.HasField("error_detail"):
            subscription.refusal = str(request.error_detail.message)
        else:
            subscription.acknowledged = True
            subscription.accepted = subscription.sent or {}

    def due(self) -> Iterator[discovery_pb2.DiscoveryResponse]:
        """The DiscoveryResponses to send now, in order."""
        if self._leaving and self._taken():
            self._leaving = {}
            self._forget_desired([Kind.CLUSTER])
        for kind in Kind:
            subscription = self._subscriptions.get(kind)
            if subscription is None or _unheard(kind, subscription):
                continue
            desired = self._desired(kind, subscription)
            if same(desired, subscription.sent) and not subscription.resend:
                continue
            if kind in NAMING_CLUSTERS and not all(self._kind_taken(each) for each in CLUSTERS):
                continue
            if kind is Kind.CLUSTER and Kind.ENDPOINTS in self._subscriptions:
                # Envoy keeps a changed cluster warming, and its acknowledgement back, until its endpoints come again.
                self._subscriptions[Kind.ENDPOINTS].resend = True
            yield self._response(kind, subscription, desired)

    @property
    def settled(self) -> bool:
        """Whether the proxy has acknowledged exactly what is wanted."""
        return not self._leaving and self._taken()

    @property
    def refusal(self) -> str | None:
        """Envoy's own words on the first kind that it refused, if any."""
        for kind, subscription in self._subscriptions.items():
            # What was refused but is about to be replaced is no longer of interest.
            if subscription.refusal is not None and same(subscription.sent, self._desired(kind, subscription)):
                return f"{kind.rpartition('.')[2]}: {subscription.refusal}"
        return None

    def _taken(self) -> bool:
        return all(self._kind_taken(kind) for kind in Kind)

    def _kind_taken(self, kind: Kind) -> bool:
        subscription = self._subscriptions.get(kind)
        if subscription is None or _unheard(kind, subscription):
            return kind not in WILDCARDS and (kind not in NAMED or not self.wanted.content(kind))
        if not subscription.done or not same(subscription.sent, self._desired(kind, subscription)):
            return False
        return kind not in NAMED or self.wanted.content(kind).keys() <= subscription.names

    def _desired(self, kind: Kind, subscription: _Subscription) -> ByName:
        if subscription.desired is None:
            subscription.desired = self._work_out(kind, subscription)
        return subscription.desired

    def _forget_desired(self, kinds: Iterable[Kind]) -> None:
        for kind in kinds:
            if kind in self._subscriptions:
                self._subscriptions[kind].desired = None

    def _work_out(self, kind: Kind, subscription: _Subscription) -> ByName:
        wanted = self.wanted.content(kind)
        if kind is Kind.CLUSTER:
            return {**self._leaving, **wanted}
        if kind is Kind.LISTENER:
            return wanted
        if wanted.keys() == subscription.names:
            return wanted
        # What is no longer wanted but still asked for stays as it was until the proxy stops asking.
        held = {name: each for name, each in (subscription.sent or {}).items() if name not in wanted}
        return {name: each for name, each in {**held, **wanted}.items() if name in subscription.names}

    def _response(self, kind: Kind, subscription: _Subscription, desired: ByName) -> discovery_pb2.DiscoveryResponse:
        self._counter += 1
        changed = _unlike(desired, subscription.accepted)
        partial = kind not in WILDCARDS and not subscription.resend and changed
        subscription.sent = desired
        subscription.nonce = str(self._counter)
        subscription.acknowledged = False
        subscription.refusal = None
        subscription.resend = False
        return discovery_pb2.DiscoveryResponse(
            version_info=f"{self.wanted.version}.{self._counter}",
            type_url=kind.value,
            nonce=subscription.nonce,
            resources=[
                any_pb2.Any(type_url=kind.value, value=each.body) for each in (changed if partial else desired.values())
            ],
        )


def _unheard(kind: Kind, subscription: _Subscription) -> bool:
    """Whether the proxy asks for nothing of a kind any more: it would not even acknowledge that there is nothing."""
    return kind not in WILDCARDS and not subscription.names


def _unlike(desired: ByName, accepted: ByName) -> list[Resource]:
    """What is new or otherwise; most of a long list is the very same object."""
    return [each for name, each in desired.items() if not same(accepted.get(name), each)]
