"""Writes the lines of a log from a thread of its own, as many at once as have come.

A write in the midst of a call would let other threads have the interpreter, and wait until they give it back.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TextIO

# How old a line may get before it is written: what a process that is killed may leave unsaid.
GATHERED_SECONDS = 0.02


@contextmanager
def written(to: TextIO) -> Iterator[Callable[[str], None]]:
    """Gives what takes a line; at the end, all are written. Lines of several threads don't get into each other.

    What can't be written is lost: a full disk must not cost the calls it tells of.
    """
    lines: SimpleQueue[str | None] = SimpleQueue()
    writer = Thread(target=_write, args=(lines, to), name="log", daemon=True)
    writer.start()
    try:
        yield lines.put
    finally:
        lines.put(None)
        writer.join()


def _write(lines: SimpleQueue[str | None], to: TextIO) -> None:
    over = False
    while not over:
        gathered = [lines.get()]
        time.sleep(GATHERED_SECONDS)
        with suppress(Empty):
            while gathered[-1] is not None:
                gathered.append(lines.get_nowait())
        over = gathered[-1] is None
        with suppress(OSError):
            to.write("".join(f"{line}\n" for line in gathered if line is not None))
            to.flush()
