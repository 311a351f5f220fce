"""The generator's process: sends until its input ends, and says once a second what it did."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from pathlib import Path

from souk_mesh.control import methods
from souk_mesh.control.client import ControlClient, ControlError
from souk_mesh.control.messages import Nothing
from souk_mesh.installation import Installation
from souk_mesh.state import StateDir

from souk_canary.load.addresses import NoWay
from souk_canary.load.messages import DESCRIPTORS, Messages, UnknownMethod
from souk_canary.load.pace import Pace
from souk_canary.load.report import Report
from souk_canary.load.requests import BadRequests, Requests, Rest, Rpc, filled, read
from souk_canary.load.sending import Sender

# What a hanging service may hold; beyond it a generator would only eat memory.
MOST_WAITING = 2000
TOLD_EVERY = 1.0
# Of what must be there before the load begins; the service may be the very version that fails.
TRIES = 10
GOOD = ("OK", "HTTP 200", "HTTP 201", "HTTP 204")


class NotPrepared(Exception):
    """A request that others rest on did not succeed."""


def main() -> None:
    """Runs until standard input ends."""
    parser = argparse.ArgumentParser(prog="souk-canary-load", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="the state folder of the mesh")
    parser.add_argument("--requests", type=Path, required=True)
    parser.add_argument("--rate", type=float, required=True, help="requests a second")
    given = parser.parse_args()
    try:
        requests = read(given.requests)
        asyncio.run(_run(requests, Pace(given.rate), StateDir(given.home)))
    except (BadRequests, ControlError, NotPrepared, NoWay, OSError, UnknownMethod) as error:
        sys.exit(str(error))


async def _run(requests: Requests, pace: Pace, state: StateDir) -> None:
    with ControlClient(state.control_socket) as client:
        status = client.ask(methods.STATUS, Nothing())
    messages = Messages((Installation.find().root / DESCRIPTORS).read_bytes())
    async with Sender(status, messages) as sender:
        for each in requests.first:
            await _prepare(sender, filled(each, 0))
        # What is described wrongly is seen before the load begins.
        for each in requests.requests:
            await sender.send(filled(each, 0))
        over = asyncio.create_task(_input_ends())
        load = asyncio.create_task(_Load(sender, requests, pace).run())
        await asyncio.wait([over, load], return_when=asyncio.FIRST_COMPLETED)
        load.cancel()


async def _prepare(sender: Sender, request: Rpc | Rest) -> None:
    ended = ""
    for _ in range(TRIES):
        ended = await sender.send(request)
        if ended in GOOD:
            return
    raise NotPrepared(f"{request}: ended with {ended}, {TRIES} times; the other requests rest on it")


class _Load:
    def __init__(self, sender: Sender, requests: Requests, pace: Pace) -> None:
        self._sender = sender
        self._requests = requests.endless()
        self._pace = pace
        self._begun = time.monotonic()
        self._sent = 0
        self._unsent = 0
        self._ended: Counter[str] = Counter()
        self._waiting: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        self._tell()
        told = self._begun
        while True:
            now = time.monotonic()
            for _ in range(self._pace.due(self._sent + self._unsent, now - self._begun)):
                self._send()
            if now - told >= TOLD_EVERY:
                told = now
                self._tell()
            await asyncio.sleep(self._pace.pause(self._sent + self._unsent, time.monotonic() - self._begun))

    def _send(self) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._unsent += 1
            return
        self._sent += 1
        task = asyncio.create_task(self._one())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _one(self) -> None:
        self._ended[await self._sender.send(next(self._requests))] += 1

    def _tell(self) -> None:
        seconds = time.monotonic() - self._begun
        report = Report(seconds=seconds, sent=self._sent, ended=dict(self._ended), unsent=self._unsent)
        print(report.model_dump_json(), flush=True)


async def _input_ends() -> None:
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    main()
