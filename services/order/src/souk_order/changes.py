"""Tells who waits for an order, in this process, that it has changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock


class Changes:
    """Who waits gets an event that is set at each change. Changes made by other replicas are not heard of here."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: dict[str, set[Event]] = {}

    def tell(self, order: str) -> None:
        """Wakes everybody who waits for this order."""
        with self._lock:
            for event in self._waiting.get(order, ()):
                event.set()

    def tell_all(self) -> None:
        """Wakes everybody, as when the process ends."""
        with self._lock:
            for events in self._waiting.values():
                for event in events:
                    event.set()

    @contextmanager
    def of(self, order: str) -> Iterator[Event]:
        """An event that is set when this order changes. Begin to listen before you read the order."""
        event = Event()
        with self._lock:
            self._waiting.setdefault(order, set()).add(event)
        try:
            yield event
        finally:
            with self._lock:
                waiting = self._waiting[order]
                waiting.discard(event)
                if not waiting:
                    del self._waiting[order]
