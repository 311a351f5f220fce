"""What the mask of an update means, and what is written for it."""

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from souk_chassis.errors import Refused
from souk_chassis.masks import editable, merge

from .world import EchoModules


def means(modules: EchoModules, *paths: str) -> tuple[str, ...]:
    return editable(FieldMask(paths=paths), modules.pb2.Thing)


def test_no_mask_and_a_star_mean_all_that_a_caller_can_change(echo_modules: EchoModules) -> None:
    assert means(echo_modules) == means(echo_modules, "*") == ("name", "best", "parts", "labels")


def test_a_mask_names_fields_and_parts_of_them(echo_modules: EchoModules) -> None:
    assert means(echo_modules, "parts", "best.quantity", "parts") == ("best.quantity", "parts")
    assert means(echo_modules, "best.quantity", "best") == ("best",)


def test_what_only_the_service_writes_is_passed_over(echo_modules: EchoModules) -> None:
    assert means(echo_modules, "etag", "create_time", "create_time.seconds", "name") == ("name",)
    assert means(echo_modules, "etag") == ()


@pytest.mark.parametrize(
    "path", ["", "colour", "best.colour", "best.quantity.more", "parts.quantity", "labels.a", "best.", "name.x"]
)
def test_a_path_that_leads_nowhere_is_refused(echo_modules: EchoModules, path: str) -> None:
    for paths in ((path,), ("name", path)):
        with pytest.raises(Refused, match="only name, best, parts, labels can be changed") as caught:
            means(echo_modules, *paths)
        assert [violation.field for violation in caught.value.violations] == ["update_mask"]


def test_a_star_stands_alone(echo_modules: EchoModules) -> None:
    with pytest.raises(Refused, match="INVALID_ARGUMENT"):
        means(echo_modules, "*", "name")


def test_merging_writes_what_is_named_and_nothing_else(echo_modules: EchoModules) -> None:
    thing = echo_modules.pb2.Thing
    target = thing(name="old", best={"quantity": 1}, parts=[{"quantity": 2}], labels={"a": "b"})
    merge(["best.quantity", "parts"], thing(name="new", best={"quantity": 5}, parts=[{"quantity": 6}]), target)
    assert target == thing(name="old", best={"quantity": 5}, parts=[{"quantity": 6}], labels={"a": "b"})


def test_what_is_named_and_not_given_becomes_empty(echo_modules: EchoModules) -> None:
    thing = echo_modules.pb2.Thing
    target = thing(name="old", best={"quantity": 1}, labels={"a": "b"})
    source = thing()
    merge(["name", "best.quantity", "labels"], source, target)
    assert target == thing(best={})
    assert not source.HasField("best")
