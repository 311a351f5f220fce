"""What is tried again."""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import RetryPolicy
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2

from souk_mesh.objects import HTTPRetry
from souk_mesh.xds.protos import duration, packed, uint32

DEFAULT_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
DEFAULT_ATTEMPTS = 2
BY_STATUS = "retriable-status-codes"


def retry_policy(rule: HTTPRetry | None, *, hashed: bool) -> RetryPolicy | None:
    """The policy that a route's `retries` ask for: silence means Istio's default, `attempts: 0` none.

    Args:
        rule: what the route says.
        hashed: whether pods are picked by a hash, so that it makes no sense to ask for another pod than before.
    """
    if rule is None:
        return _policy(DEFAULT_ATTEMPTS, spread=not hashed)
    if rule.attempts == 0:
        return None
    ignored = rule.retry_ignore_previous_hosts
    policy = _policy(rule.attempts, spread=ignored if ignored is not None else not hashed)
    if rule.retry_on:
        _set_conditions(policy, rule.retry_on)
    if rule.per_try_timeout is not None:
        policy.per_try_timeout.CopyFrom(duration(rule.per_try_timeout))
    if rule.backoff is not None:
        policy.retry_back_off.base_interval.CopyFrom(duration(rule.backoff))
    return policy


def inbound_retry_policy() -> RetryPolicy:
    """What a sidecar tries again towards its own application: only what never reached it."""
    return RetryPolicy(retry_on="reset-before-request", num_retries=uint32(DEFAULT_ATTEMPTS))


def _policy(attempts: int, *, spread: bool) -> RetryPolicy:
    policy = RetryPolicy(retry_on=DEFAULT_RETRY_ON, num_retries=uint32(attempts), host_selection_retry_max_attempts=5)
    if spread:
        policy.retry_host_predicate.add(
            name="envoy.retry_host_predicates.previous_hosts",
            typed_config=packed(previous_hosts_pb2.PreviousHostsPredicate()),
        )
    return policy


def _set_conditions(policy: RetryPolicy, retry_on: str) -> None:
    conditions = retry_on.split(",")
    codes = [int(part) for part in conditions if part.isdecimal()]
    named = [part for part in conditions if not part.isdecimal()]
    if codes and BY_STATUS not in named:
        named.append(BY_STATUS)
    policy.retry_on = ",".join(named)
    policy.retriable_status_codes.extend(codes)
