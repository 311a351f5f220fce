"""No data is neither good nor bad: a Prometheus that can't tell is said to be one, and nothing is lost by it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from souk_canary.counts import PodCounts
from souk_canary.sources import SourceError
from souk_canary.sources.prometheus.api import Api
from souk_canary.sources.prometheus.custom import CustomQuery
from souk_canary.sources.prometheus.queries import ISTIO
from souk_canary.sources.prometheus.source import Prometheus
from tests.sources.prometheus.conftest import Begin, pods
from tests.sources.prometheus.observing import SETTLE, istio, observed, seen, subject
from tests.sources.prometheus.world import Pod, World

PAYMENT = subject(Pod("payment-v2-a", "payment", "v2"))


def test_a_prometheus_that_was_down_is_taken_up_again_where_it_was_left(begin: Begin) -> None:
    everything = pods()
    world, v2 = begin(*everything), everything[2]
    istio(v2, 10)
    world.scraped()
    with observed(world.url, subject(v2)) as source:
        istio(v2, 1)
        world.scraped()
        world.end()
        with pytest.raises(SourceError, match="does not answer"):
            source.take()
        istio(v2, 2)
        world.begin()
        assert seen(world, source).candidate.attempts == 3


def test_a_prometheus_that_may_lack_a_part_is_not_believed(begin: Begin) -> None:
    with _bound() as port:
        # A store behind it that it can't read: it answers with what it has itself, and warns.
        world = begin(*pods(), remote=f"http://127.0.0.1:{port}/read")
        with pytest.raises(SourceError, match="not sure of its answer"), observed(world.url, PAYMENT):
            pass


def test_a_prometheus_that_does_not_answer_in_time() -> None:
    with _bound(listening=True) as port, pytest.raises(SourceError, match="not answered in time"):
        Api(f"http://127.0.0.1:{port}", patience=0.2).now()


def test_something_else_than_a_prometheus() -> None:
    with _pages(b"<html>Sign in</html>") as url, pytest.raises(SourceError, match=r"no Prometheus: HTTP 200.*Sign in"):
        _start(url)


@pytest.mark.parametrize("url", ["http://", "nowhere", "http://127.0.0.1:1"])
def test_an_address_that_leads_nowhere(url: str) -> None:
    with pytest.raises(SourceError, match="does not answer"):
        _start(url)


def test_own_queries_count_bad_events_of_each_version(world: World, v1: Pod, v2: Pod) -> None:
    own = CustomQuery("refusals", _own("payments_total"), _own("payments_refused_total"))
    with observed(world.url, subject(v2), custom=[own]) as source:
        v1.count("payments_total", 40)
        v2.count("payments_total", 6)
        v2.count("payments_refused_total", 2)
        counts = seen(world, source)
    assert counts.baseline.custom == {"refusals": PodCounts(40, 0)}
    assert counts.candidate.custom == {"refusals": PodCounts(6, 2)}


def test_an_own_query_that_is_no_selector_is_refused_with_prometheus_words(world: World, v2: Pod) -> None:
    own = CustomQuery("refusals", _own("payments_total"), f"sum(rate({_own('payments_refused_total')}[1m]))")
    with (
        pytest.raises(SourceError, match=r"refuses sum\(rate.*parse error"),
        observed(world.url, subject(v2), custom=[own]),
    ):
        pass


@pytest.mark.parametrize(
    ("query", "complaint"),
    [('a{version="$version"}', "b is the same for both versions"), ("a{x='$pod', y='$subset'}", "pod.*is none of")],
)
def test_an_own_query_is_checked_before_anything_begins(query: str, complaint: str) -> None:
    with pytest.raises(SourceError, match=complaint):
        Prometheus("http://127.0.0.1:1", PAYMENT, ISTIO, settle=SETTLE, custom=[CustomQuery("mine", query, "b")])


def test_a_settle_time_within_the_reach_of_a_scrape_is_refused(world: World, v2: Pod) -> None:
    istio(v2)
    world.scraped()
    source = Prometheus(world.url, subject(v2), ISTIO, settle=0.2)
    with pytest.raises(SourceError, match=r"settle is 0\.2 s\n.*let it be 0\.\d+s"):
        source.start()
    source.close()


def _own(metric: str) -> str:
    return f'{metric}{{namespace="$namespace",app="$service",version="$version"}}'


def _start(url: str) -> None:
    source = Prometheus(url, PAYMENT, ISTIO, settle=SETTLE)
    try:
        source.start()
    finally:
        source.close()


@contextmanager
def _bound(listening: bool = False) -> Iterator[int]:
    """A port that refuses; or, listening, one that takes connections and never answers."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        if listening:
            held.listen()
        yield held.getsockname()[1]


@contextmanager
def _pages(page: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
