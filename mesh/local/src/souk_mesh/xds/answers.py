"""What a proxy answers in the callee's place: redirects, and responses of its own."""

from __future__ import annotations

from envoy.config.route.v3.route_components_pb2 import DirectResponseAction, RedirectAction

from souk_mesh.objects import HTTPDirectResponse, HTTPRedirect

_CODES = {
    301: RedirectAction.MOVED_PERMANENTLY,
    302: RedirectAction.FOUND,
    303: RedirectAction.SEE_OTHER,
    307: RedirectAction.TEMPORARY_REDIRECT,
    308: RedirectAction.PERMANENT_REDIRECT,
}
_USUAL_PORTS = {"http": 80, "https": 443}


def redirect_action(rule: HTTPRedirect, port: int, scheme: str) -> RedirectAction:
    """Where a caller is sent.

    Args:
        rule: what the route says.
        port: where the request came in.
        scheme: how it came in, `http` or `https`.
    """
    action = RedirectAction(host_redirect=rule.authority, response_code=_CODES[rule.redirect_code])
    if rule.scheme is not None:
        action.scheme_redirect = rule.scheme
    if rule.prefix_rewrite:
        action.prefix_rewrite = rule.prefix_rewrite
    else:
        action.path_redirect = rule.uri
    # Without a word about the port it stays as the caller wrote it, unless the scheme changes it.
    to = rule.port or (port if rule.derive_port == "FROM_REQUEST_PORT" else 0)
    if to != _USUAL_PORTS[rule.scheme or scheme]:
        action.port_redirect = to
    return action


def direct_response(rule: HTTPDirectResponse) -> DirectResponseAction:
    """What is answered without asking anybody."""
    answer = DirectResponseAction(status=rule.status)
    if rule.body is not None and rule.body.bytes is not None:
        answer.body.inline_bytes = rule.body.bytes
    elif rule.body is not None and rule.body.string is not None:
        answer.body.inline_string = rule.body.string
    return answer
