"""Whatever stands in a document, it is accepted or refused, and never a surprise."""

from __future__ import annotations

import copy
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from test_check import SHOP

from souk_mesh.check import check
from souk_mesh.images import load_images
from souk_mesh.objects import AnyObject, FieldError, Malformed, dump, parse

DOCUMENTS = list(yaml.safe_load_all(SHOP))
IMAGES = load_images(Path("/nowhere"), Path("python"))

Way = tuple[int | str, ...]


def ways(value: object, way: Way = ()) -> list[Way]:
    """Lists the ways to every value inside a document."""
    children: list[tuple[int | str, object]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return [way, *(found for key, child in children for found in ways(child, (*way, key)))]


WAYS = [(index, way) for index, document in enumerate(DOCUMENTS) for way in ways(document) if way]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)


def replaced(index: int, way: Way, value: object) -> object:
    document = copy.deepcopy(DOCUMENTS[index])
    parent = document
    for step in way[:-1]:
        parent = parent[step]
    parent[way[-1]] = value
    return document


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(WAYS), VALUES)
def test_any_value_anywhere_is_accepted_or_refused(place: tuple[int, Way], value: object) -> None:
    index, way = place
    document = replaced(index, way, value)
    assert isinstance(document, dict)
    objects: list[AnyObject] = []
    refusals: list[FieldError] = []
    for each in (*DOCUMENTS[:index], document, *DOCUMENTS[index + 1 :]):
        try:
            objects.append(parse(each))
        except Malformed as malformed:
            refusals += malformed.errors
    assert all(error.steps and error.message for error in refusals)
    for problem in check(objects, IMAGES):
        assert str(problem)
    for thing in objects:
        assert parse(dump(thing)) == thing
        assert all(entry.reason for entry in thing.unenforced())
