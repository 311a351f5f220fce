"""How a request finds its route.

Envoy goes through the routes one by one, and looks at all the headers that one wants, verbs and regular expressions
among them, before it looks at its path.
"""

from __future__ import annotations

from souk_gateway.conditions import Json
from souk_gateway.templates import Template


def begins(path: str) -> Json:
    """Takes only what begins so. As the first header of a route it is the cheapest; most of them fail there."""
    return {"name": ":path", "string_match": {"prefix": path}}


def path_of(template: Template) -> dict[str, object]:
    """Takes exactly the paths of a template."""
    return {"path": template.shape} if template.is_literal else {"safe_regex": {"regex": template.regex}}
