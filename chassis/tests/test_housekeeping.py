"""What is done in the background goes on for as long as it should, and no longer."""

from collections.abc import Iterable
from datetime import timedelta
from threading import Event
from threading import enumerate as threads

from souk_chassis.housekeeping import Chore, housekeeping


class Dust:
    """Work in parts, which the test gives; an exception is raised."""

    def __init__(self, parts: Iterable[int | Exception]) -> None:
        self._parts = iter(parts)
        self.gone = Event()

    def sweep(self) -> int:
        part = next(self._parts, None)
        if part is None:
            self.gone.set()
            return 0
        if isinstance(part, Exception):
            raise part
        return part


def a_chore(dust: Dust, every: timedelta = timedelta(milliseconds=5)) -> Chore:
    return Chore("sweep", every, dust.sweep)


def test_every_part_is_done_and_the_thread_ends_with_its_context() -> None:
    dust, more = Dust([2, 1]), Dust([0, 3])
    with housekeeping(a_chore(dust), a_chore(more)):
        assert dust.gone.wait(10)
        assert more.gone.wait(10)
        assert "sweep" in {thread.name for thread in threads()}
    assert "sweep" not in {thread.name for thread in threads()}


def test_who_fails_goes_on_with_the_next_round() -> None:
    dust = Dust([OSError("no database today"), 1])
    with housekeeping(a_chore(dust)):
        assert dust.gone.wait(10)


def test_the_end_does_not_wait_for_the_next_round() -> None:
    dust = Dust([1])
    with housekeeping(a_chore(dust, every=timedelta(days=1))):
        pass
    assert not dust.gone.is_set()
