"""The store: versions, compare-and-swap, watches."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from souk_mesh.objects import AnyObject, ConfigMap, Metadata, Namespace, ObjectKey
from souk_mesh.store import AlreadyExists, Change, Conflict, Event, NotFound, Store, StoreError


def config(name: str = "a", **data: str) -> ConfigMap:
    return ConfigMap(metadata=Metadata(name=name, namespace="souk"), data=data)


KEY = config().key


def with_data(thing: AnyObject, **data: str) -> AnyObject:
    return thing.model_copy(update={"data": data})


def test_a_new_object_gets_version_generation_and_time() -> None:
    store = Store()
    store.create(config("other"))
    metadata = store.create(config()).metadata
    assert (metadata.resource_version, metadata.generation) == (2, 1)
    assert metadata.creation_timestamp is not None
    assert metadata.creation_timestamp.microsecond == 0


def test_a_change_raises_the_generation_and_a_label_does_not() -> None:
    store = Store()
    created = store.create(config(k="1"))
    changed = store.update(KEY, lambda thing: with_data(thing, k="2")).metadata
    assert (changed.resource_version, changed.generation) == (2, 2)
    assert changed.creation_timestamp == created.metadata.creation_timestamp

    def label(thing: AnyObject) -> AnyObject:
        return thing.model_copy(update={"metadata": thing.metadata.model_copy(update={"labels": {"a": "b"}})})

    labelled = store.update(KEY, label).metadata
    assert (labelled.resource_version, labelled.generation) == (3, 2)


def test_a_stale_replacement_is_a_conflict_and_changes_nothing() -> None:
    store = Store()
    stale = store.create(config(k="1"))
    store.update(KEY, lambda thing: with_data(thing, k="2"))
    with pytest.raises(Conflict, match="read it again"):
        store.replace(with_data(stale, k="3"))
    assert store.find(KEY) == store.get(ConfigMap, "souk", "a")
    found = store.get(ConfigMap, "souk", "a")
    assert found is not None
    assert found.data == {"k": "2"}


def test_applying_the_same_again_is_no_change() -> None:
    store, events = Store(), list[Event]()
    store.subscribe(events.append)
    first = store.apply(config(k="1"))
    assert store.apply(config(k="1")) == first
    store.apply(config(k="2"))
    assert [event.change for event in events] == [Change.ADDED, Change.MODIFIED]


def test_what_is_missing_or_there_already_is_said() -> None:
    store = Store()
    with pytest.raises(NotFound, match="there is no ConfigMap souk/a"):
        store.update(KEY, lambda thing: thing)
    with pytest.raises(NotFound):
        store.delete(KEY)
    store.create(config())
    with pytest.raises(AlreadyExists, match="ConfigMap souk/a exists already"):
        store.create(config())


def test_a_change_may_not_rename() -> None:
    store = Store()
    store.create(config())
    with pytest.raises(StoreError, match="may not turn ConfigMap souk/a into ConfigMap souk/b"):
        store.update(KEY, lambda _: config("b"))


def test_a_snapshot_stays_as_it_was() -> None:
    store = Store()
    store.create(config(k="1"))
    before = store.snapshot()
    store.delete(KEY)
    assert before.get(ConfigMap, "souk", "a") is not None
    assert store.list(ConfigMap) == ()
    assert (before.version, store.snapshot().version) == (1, 2)


def test_lists_are_by_kind_and_namespace() -> None:
    store = Store()
    store.create(Namespace(metadata=Metadata(name="souk")))
    store.create(config("b"))
    store.create(config("a"))
    assert [each.metadata.name for each in store.list(ConfigMap, "souk")] == ["b", "a"]
    assert store.list(ConfigMap, "other") == ()
    assert store.find(ObjectKey("Namespace", "", "souk")) is not None


def test_subscribers_see_changes_in_order_even_when_one_of_them_makes_more() -> None:
    store, seen = Store(), list[tuple[str, int]]()

    def adds(event: Event) -> None:
        if event.change is Change.ADDED and event.object.metadata.name == "a":
            store.create(config("b"))

    store.subscribe(adds)
    cancel = store.subscribe(lambda event: seen.append((event.object.metadata.name, event.version)))
    store.create(config("a"))
    cancel()
    store.delete(KEY)
    assert seen == [("a", 1), ("b", 2)]


def test_a_watch_begins_with_what_there_is_and_ends_when_closed() -> None:
    async def run() -> list[tuple[Change, str]]:
        store = Store()
        store.create(config("a"))
        store.create(Namespace(metadata=Metadata(name="souk")))
        with store.watch(ConfigMap) as watch:
            store.create(config("b"))
            store.delete(config("a").key)
        store.create(config("c"))
        return [(event.change, event.object.metadata.name) async for event in watch]

    limit = timedelta(seconds=5).total_seconds()
    assert asyncio.run(asyncio.wait_for(run(), limit)) == [
        (Change.ADDED, "a"),
        (Change.ADDED, "b"),
        (Change.DELETED, "a"),
    ]
