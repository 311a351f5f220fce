"""The discovery protocol without a proxy: what is sent when."""

from __future__ import annotations

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.route.v3 import route_pb2
from envoy.service.discovery.v3 import discovery_pb2

from souk_mesh.xds.conversation import Conversation, Wanted
from souk_mesh.xds.resources import Kind, Resources


def test_clusters_come_first_and_routes_only_when_the_clusters_are_taken() -> None:
    talk = Conversation(_wanted(1, "a"))
    talk.receive(_ask(Kind.CLUSTER))
    talk.receive(_ask(Kind.ROUTES, "table"))
    assert _kinds(talk) == [Kind.CLUSTER]
    talk.receive(_ack(Kind.CLUSTER, 1))
    assert _kinds(talk) == []  # the endpoints are not asked for yet
    talk.receive(_ask(Kind.ENDPOINTS, "a"))
    assert _kinds(talk) == [Kind.ENDPOINTS]
    talk.receive(_ack(Kind.ENDPOINTS, 2, "a"))
    assert _kinds(talk) == [Kind.ROUTES]


def test_nothing_is_sent_twice_unless_it_changes() -> None:
    talk = _settled(_wanted(1, "a"))
    talk.want(_wanted(2, "a"))
    assert _kinds(talk) == []
    assert talk.settled
    talk.want(_wanted(3, "a", mark="another"))
    assert _kinds(talk) == [Kind.ROUTES]
    assert not talk.settled


def test_endpoints_come_again_after_a_change_of_clusters_although_they_are_the_same() -> None:
    talk = _settled(_wanted(1, "a", "b"))
    talk.want(_wanted(2, "a", "b", connect=3))
    assert _kinds(talk)[:2] == [Kind.CLUSTER, Kind.ENDPOINTS]


def test_a_cluster_leaves_only_when_no_route_can_name_it() -> None:
    talk = _settled(_wanted(1, "a", "b"))
    talk.want(_wanted(2, "a", mark="without b"))
    assert _kinds(talk) == [Kind.ROUTES]
    assert not talk.settled
    talk.receive(_ack(Kind.ROUTES, talk._subscriptions[Kind.ROUTES].nonce, "table"))
    responses = list(talk.due())
    assert [response.type_url for response in responses] == [Kind.CLUSTER, Kind.ENDPOINTS]
    assert len(responses[0].resources) == 1


def test_a_proxy_is_not_told_again_that_there_is_nothing_of_what_it_no_longer_asks_for() -> None:
    talk = _settled(_wanted(1, "a"))
    talk.receive(_ack(Kind.ENDPOINTS, talk._subscriptions[Kind.ENDPOINTS].nonce))
    talk.receive(_ack(Kind.ROUTES, talk._subscriptions[Kind.ROUTES].nonce))
    talk.want(Wanted(2, Resources.of(clusters=[cluster_pb2.Cluster(name="own")])))
    for _ in range(3):
        for kind in _kinds(talk):
            assert kind in (Kind.CLUSTER, Kind.LISTENER)
            talk.receive(_ack(kind, talk._subscriptions[kind].nonce))
    assert talk.settled


def test_a_refusal_is_told_until_something_else_is_wanted() -> None:
    talk = _settled(_wanted(1, "a"))
    talk.want(_wanted(2, "a", mark="bad"))
    (response,) = talk.due()
    refusal = _ack(Kind.ROUTES, response.nonce, "table")
    refusal.error_detail.message = "no such thing"
    talk.receive(refusal)
    assert talk.refusal == "RouteConfiguration: no such thing"
    assert not talk.settled
    assert _kinds(talk) == []  # the same would only be refused again
    talk.want(_wanted(3, "a"))
    assert talk.refusal is None
    assert _kinds(talk) == [Kind.ROUTES]


def test_an_answer_to_what_is_outdated_is_no_acknowledgement() -> None:
    talk = _settled(_wanted(1, "a"))
    outdated = talk._subscriptions[Kind.ROUTES].nonce
    talk.want(_wanted(2, "a", mark="new"))
    assert _kinds(talk) == [Kind.ROUTES]
    talk.receive(_ack(Kind.ROUTES, outdated, "table"))
    assert not talk.settled


def test_a_name_that_is_asked_for_later_is_sent_then_and_nothing_else() -> None:
    talk = _settled(_wanted(1, "a"))
    talk.want(_wanted(2, "a", "b"))
    assert _kinds(talk) == [Kind.CLUSTER, Kind.ENDPOINTS]
    for kind, names in ((Kind.CLUSTER, ()), (Kind.ENDPOINTS, ("a",))):
        talk.receive(_ack(kind, talk._subscriptions[kind].nonce, *names))
    assert not talk.settled
    talk.receive(_ack(Kind.ENDPOINTS, talk._subscriptions[Kind.ENDPOINTS].nonce, "a", "b"))
    (response,) = talk.due()
    assert _names(response) == ["b"]


def test_of_many_tables_only_the_one_that_changed_is_sent() -> None:
    talk = _with_tables(_tables(1))
    talk.want(_tables(2, b="new"))
    (response,) = talk.due()
    assert _names(response) == ["b"]


def test_what_was_refused_is_sent_again_with_the_next_change() -> None:
    talk = _with_tables(_tables(1))
    talk.want(_tables(2, a="bad"))
    (response,) = talk.due()
    refusal = _ack(Kind.ROUTES, response.nonce, "a", "b")
    refusal.error_detail.message = "no such thing"
    talk.receive(refusal)
    talk.want(_tables(3, a="bad", b="new"))
    (response,) = talk.due()
    assert _names(response) == ["a", "b"]


def test_what_a_proxy_dropped_is_sent_when_it_asks_for_it_again() -> None:
    talk = _with_tables(_tables(1))
    nonce = talk._subscriptions[Kind.ROUTES].nonce
    talk.receive(_ack(Kind.ROUTES, nonce, "a"))
    assert _kinds(talk) == []
    talk.receive(_ack(Kind.ROUTES, nonce, "a", "b"))
    (response,) = talk.due()
    assert _names(response) == ["b"]


def test_what_listeners_name_is_waited_for_before_all_is_said_to_be_there() -> None:
    talk = Conversation(Wanted(1, Resources.of(extensions=[TypedExtensionConfig(name="guard")])))
    for kind in (Kind.CLUSTER, Kind.LISTENER):
        talk.receive(_ask(kind))
    for response in talk.due():
        talk.receive(_ack(Kind(response.type_url), response.nonce))
    assert not talk.settled
    talk.receive(_ask(Kind.EXTENSION, "guard"))
    (response,) = talk.due()
    talk.receive(_ack(Kind.EXTENSION, response.nonce, "guard"))
    assert talk.settled


def test_filters_are_configured_only_when_the_clusters_that_they_name_were_taken() -> None:
    wanted = _wanted(1, "keys")
    talk = _settled(wanted)
    talk.receive(_ask(Kind.EXTENSION, "guard"))
    resources = Resources.of(
        clusters=[cluster_pb2.Cluster(name=name) for name in ("keys", "more")],
        extensions=[TypedExtensionConfig(name="guard")],
    )
    talk.want(Wanted(2, resources))
    assert Kind.EXTENSION not in _kinds(talk)


def test_kinds_that_nobody_serves_are_left_unanswered() -> None:
    talk = Conversation(_wanted(1, "a"))
    talk.receive(discovery_pb2.DiscoveryRequest(type_url="type.googleapis.com/envoy.service.runtime.v3.Runtime"))
    assert _kinds(talk) == []


def _tables(version: int, **marks: str) -> Wanted:
    routes = [
        route_pb2.RouteConfiguration(name=name, response_headers_to_remove=[marks[name]] if name in marks else [])
        for name in ("a", "b")
    ]
    return Wanted(version, Resources.of(routes=routes))


def _with_tables(wanted: Wanted) -> Conversation:
    """A conversation in which two tables of routes were taken."""
    talk = Conversation(wanted)
    talk.receive(_ask(Kind.CLUSTER))
    talk.receive(_ask(Kind.LISTENER))
    talk.receive(_ask(Kind.ROUTES, "a", "b"))
    while responses := list(talk.due()):
        for each in responses:
            names = ("a", "b") if each.type_url == Kind.ROUTES else ()
            talk.receive(_ack(Kind(each.type_url), each.nonce, *names))
    assert talk.settled
    return talk


def _names(response: discovery_pb2.DiscoveryResponse) -> list[str]:
    kinds = {
        Kind.ROUTES.value: lambda body: route_pb2.RouteConfiguration.FromString(body).name,
        Kind.ENDPOINTS.value: lambda body: endpoint_pb2.ClusterLoadAssignment.FromString(body).cluster_name,
    }
    return [kinds[response.type_url](each.value) for each in response.resources]


def _wanted(version: int, *clusters: str, mark: str = "", connect: int = 1) -> Wanted:
    made = [cluster_pb2.Cluster(name=name) for name in clusters]
    for each in made:
        each.connect_timeout.FromSeconds(connect)
    return Wanted(
        version,
        Resources.of(
            clusters=made,
            endpoints=[endpoint_pb2.ClusterLoadAssignment(cluster_name=name) for name in clusters],
            routes=[route_pb2.RouteConfiguration(name="table", response_headers_to_remove=[mark] if mark else [])],
        ),
    )


def _settled(wanted: Wanted) -> Conversation:
    """A conversation in which all that is wanted was asked for and taken."""
    talk = Conversation(wanted)
    asked = {
        Kind.CLUSTER: (),
        Kind.ENDPOINTS: tuple(wanted.content(Kind.ENDPOINTS)),
        Kind.LISTENER: (),
        Kind.ROUTES: ("table",),
    }
    for kind, names in asked.items():
        talk.receive(_ask(kind, *names))
    for _ in range(3):
        for response in talk.due():
            kind = Kind(response.type_url)
            talk.receive(_ack(kind, response.nonce, *asked[kind]))
    assert talk.settled
    return talk


def _ask(kind: Kind, *names: str) -> discovery_pb2.DiscoveryRequest:
    return discovery_pb2.DiscoveryRequest(type_url=kind, resource_names=names)


def _ack(kind: Kind, nonce: object, *names: str) -> discovery_pb2.DiscoveryRequest:
    return discovery_pb2.DiscoveryRequest(type_url=kind, resource_names=names, response_nonce=str(nonce))


def _kinds(talk: Conversation) -> list[Kind]:
    return [Kind(response.type_url) for response in talk.due()]
