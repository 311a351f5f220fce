"""The one store of objects: what the API server is to a cluster. Everything else watches it.

It belongs to one thread, that of the event loop; no method waits, so none can be interrupted by another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from souk_mesh.objects import AnyObject, ObjectKey

T = TypeVar("T", bound=AnyObject)


class Change(StrEnum):
    """What happened to an object."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True)
class Event:
    """One change; of a deletion, `object` is what was deleted."""

    change: Change
    object: AnyObject
    version: int
    """The store's version that this change made."""


class StoreError(Exception):
    """A change that the store refuses."""


class NotFound(StoreError):
    """There is no such object."""


class AlreadyExists(StoreError):
    """There is such an object already."""


class Conflict(StoreError):
    """The object has changed since it was read."""


@dataclass(frozen=True)
class Snapshot:
    """Everything in the store at one moment."""

    version: int
    objects: Mapping[ObjectKey, AnyObject]

    def list(self, kind: type[T], namespace: str | None = None) -> tuple[T, ...]:
        """Lists the objects of a kind in the order in which they came."""
        return tuple(
            thing
            for thing in self.objects.values()
            if isinstance(thing, kind) and namespace in (None, thing.metadata.namespace)
        )

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """Finds one object; the namespace of a kind that has none is empty."""
        thing = self.objects.get(ObjectKey(kind.model_fields["kind"].default, namespace, name))
        return thing if isinstance(thing, kind) else None


def collect(objects: Iterable[AnyObject]) -> Snapshot:
    """Puts objects that are in no store into a snapshot; the first of two with one key stays."""
    found: dict[ObjectKey, AnyObject] = {}
    for thing in objects:
        found.setdefault(thing.key, thing)
    return Snapshot(0, found)


class Watch:
    """An endless stream of events: first what there is, as added, then every change. Close it when done."""

    def __init__(self, existing: Iterable[Event], kinds: tuple[type[AnyObject], ...]) -> None:
        self._kinds = kinds
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._closed = False
        self.cancel: Callable[[], None] = lambda: None
        for event in existing:
            self.offer(event)

    def offer(self, event: Event) -> None:
        """Passes an event on, if it is about a kind that is watched."""
        if not self._kinds or isinstance(event.object, self._kinds):
            self._events.put_nowait(event)

    def close(self) -> None:
        """Ends the stream after what is already in it."""
        self.cancel()
        self._events.put_nowait(None)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> Event:
        event = None if self._closed else await self._events.get()
        if event is None:
            self._closed = True
            raise StopAsyncIteration
        return event


class Store:
    """Objects by kind, namespace and name; every change makes a new version of the store."""

    def __init__(self) -> None:
        self._objects: dict[ObjectKey, AnyObject] = {}
        self._version = 0
        self._subscribers: list[Callable[[Event], None]] = []
        self._undelivered: deque[Event] = deque()
        self._delivering = False

    def snapshot(self) -> Snapshot:
        """Takes a picture that later changes leave as it is."""
        return Snapshot(self._version, MappingProxyType(dict(self._objects)))

    def list(self, kind: type[T], namespace: str | None = None) -> tuple[T, ...]:
        """Lists the objects of a kind in the order in which they came."""
        return Snapshot(self._version, self._objects).list(kind, namespace)

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """Finds one object; the namespace of a kind that has none is empty."""
        return Snapshot(self._version, self._objects).get(kind, namespace, name)

    def find(self, key: ObjectKey) -> AnyObject | None:
        """Finds one object of any kind."""
        return self._objects.get(key)

    def create(self, thing: AnyObject) -> AnyObject:
        """Adds an object and returns it as it is stored.

        Raises:
            AlreadyExists: when its key is taken.
        """
        if thing.key in self._objects:
            raise AlreadyExists(f"{thing.key} exists already")
        # Whole seconds, as in Kubernetes: of objects applied together, the name decides which is the oldest.
        now = datetime.now(UTC).replace(microsecond=0)
        return self._save(Change.ADDED, thing, generation=1, created=now)

    def replace(self, thing: AnyObject) -> AnyObject:
        """Puts a changed object in the place of the one that it was made from; no event if nothing changed.

        Raises:
            NotFound: when it was deleted meanwhile.
            Conflict: when it was changed meanwhile; read it again.
        """
        current = self._current(thing.key)
        if thing.metadata.resource_version != current.metadata.resource_version:
            raise Conflict(
                f"{thing.key} is at version {current.metadata.resource_version}, "
                f"not {thing.metadata.resource_version}: read it again and repeat the change"
            )
        metadata = thing.metadata.model_copy(
            update={
                "generation": current.metadata.generation,
                "creation_timestamp": current.metadata.creation_timestamp,
            }
        )
        thing = thing.model_copy(update={"metadata": metadata})
        if thing == current:
            return thing
        same = thing.model_copy(update={"metadata": current.metadata}) == current
        generation = current.metadata.generation if same else current.metadata.generation + 1
        return self._save(Change.MODIFIED, thing, generation, current.metadata.creation_timestamp)

    def update(self, key: ObjectKey, change: Callable[[AnyObject], AnyObject]) -> AnyObject:
        """Loads an object, changes it and saves it, in one step.

        Raises:
            NotFound: when there is none.
        """
        current = self._current(key)
        metadata = {"resource_version": current.metadata.resource_version}
        changed = change(current)
        if changed.key != key:
            raise StoreError(f"a change may not turn {key} into {changed.key}")
        return self.replace(
            changed.model_copy(update={"metadata": changed.metadata.model_copy(update=metadata)}),
        )

    def apply(self, thing: AnyObject) -> AnyObject:
        """Makes the store hold this object, whether it was there or not; no event if it was there just so."""
        return self.update(thing.key, lambda _: thing) if thing.key in self._objects else self.create(thing)

    def delete(self, key: ObjectKey) -> AnyObject:
        """Removes an object and returns it.

        Raises:
            NotFound: when there is none.
        """
        removed = self._current(key)
        del self._objects[key]
        self._version += 1
        self._notify(Event(Change.DELETED, removed, self._version))
        return removed

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Calls back after every change, in order; returns what ends it. The callback may change the store."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback) if callback in self._subscribers else None

    def watch(self, *kinds: type[AnyObject]) -> Watch:
        """Starts a stream of what there is and every change from now on; of all kinds if none is named."""
        existing = [Event(Change.ADDED, thing, thing.metadata.resource_version) for thing in self._objects.values()]
        watch = Watch(existing, kinds)
        watch.cancel = self.subscribe(watch.offer)
        return watch

    def _current(self, key: ObjectKey) -> AnyObject:
        if key not in self._objects:
            raise NotFound(f"there is no {key}")
        return self._objects[key]

    def _save(self, change: Change, thing: AnyObject, generation: int, created: datetime | None) -> AnyObject:
        self._version += 1
        metadata = thing.metadata.model_copy(
            update={"resource_version": self._version, "generation": generation, "creation_timestamp": created}
        )
        saved = thing.model_copy(update={"metadata": metadata})
        self._objects[saved.key] = saved
        self._notify(Event(change, saved, self._version))
        return saved

    def _notify(self, event: Event) -> None:
        # A subscriber may change the store; the others must still see the changes in the order they were made.
        self._undelivered.append(event)
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._undelivered:
                next_event = self._undelivered.popleft()
                for subscriber in tuple(self._subscribers):
                    subscriber(next_event)
        finally:
            self._delivering = False
