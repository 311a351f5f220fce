"""Makes a call safe to repeat: what it answered is stored with its effect, in the same transaction."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import grpc
from google.protobuf.message import Message
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    LargeBinary,
    Row,
    String,
    Table,
    bindparam,
    delete,
    select,
    tuple_,
    update,
)
from sqlmodel import Session, SQLModel

from souk_chassis.clock import Clock, utc_now
from souk_chassis.database import Database
from souk_chassis.errors import Refused
from souk_chassis.housekeeping import Chore
from souk_chassis.rows import inserted

TABLE = Table(
    "idempotency",
    SQLModel.metadata,
    Column("method", String(200), primary_key=True),
    Column("request_id", String(100), primary_key=True),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("response_type", String(200), nullable=False),
    Column("response", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, index=True),
)
Response = TypeVar("Response", bound=Message)

_MINE = (TABLE.c.method == bindparam("of_method")) & (TABLE.c.request_id == bindparam("of_request"))
_STORED = select(TABLE.c.fingerprint, TABLE.c.response).where(_MINE)
_ANSWER = update(TABLE).where(_MINE)

# Longer than anybody should go on repeating one call, short enough that the table stays small beside the stall's own.
KEPT = timedelta(days=2)
# So many are deleted by one transaction, which takes some ten milliseconds.
BATCH = 500


class Bound(Protocol):
    """`alembic.op`, which a serving process need not load."""

    def get_bind(self) -> Connection:
        """Where the migration runs."""


def create_table(op: Bound) -> None:
    """For a service's first migration: creates the table."""
    TABLE.create(op.get_bind())


def idempotent(
    session: Session, *, method: str, request: Message, response_type: type[Response], run: Callable[[], Response]
) -> Response:
    """Runs `run` once per `request.request_id`, in the transaction of `session`; a repetition gets the same answer.

    A twin that comes at the same time waits for the first and reads its answer. When `run` raises, nothing is kept:
    the same id may be tried again. Without a request_id, `run` just runs.

    Raises:
        Refused: REQUEST_ID_REUSED when the id came before with another payload.
    """
    request_id: str = getattr(request, "request_id")  # noqa: B009 - not every message has one
    if not request_id:
        return run()
    mine = {"of_method": method, "of_request": request_id}
    fingerprint = fingerprint_of(request)
    claim = {
        "method": method,
        "request_id": request_id,
        "fingerprint": fingerprint,
        "response_type": response_type.DESCRIPTOR.full_name,
        "response": b"",
        "created_at": utc_now(),
    }
    # The claim comes first: the unique key makes a concurrent twin wait here until this transaction has ended.
    while not inserted(session, TABLE, claim):
        stored = session.execute(_STORED, mine).first()
        if stored is not None:
            return _repeated(stored, fingerprint, request_id, response_type)
        # It has been forgotten since.
    response = run()
    session.execute(_ANSWER, {**mine, "response": response.SerializeToString(deterministic=True)})
    return response


def _repeated(stored: Row[Any], fingerprint: bytes, request_id: str, response_type: type[Response]) -> Response:
    if stored.fingerprint != fingerprint:
        raise Refused(
            "REQUEST_ID_REUSED",
            f"request_id {request_id} was used before with another payload; choose a new one",
            code=grpc.StatusCode.ALREADY_EXISTS,
            metadata={"request_id": request_id},
        )
    return response_type.FromString(stored.response)


def forgetting(database: Database, clock: Clock = utc_now) -> Chore:
    """For `housekeeping`: deletes what is older than `KEPT`; who repeats a call after that does it a second time."""
    key = (TABLE.c.method, TABLE.c.request_id)

    def forget() -> int:
        # Replicas that are at it at once take other rows each, rather than wait for one another.
        old = select(*key).where(TABLE.c.created_at < clock() - KEPT).limit(BATCH).with_for_update(skip_locked=True)
        with database.begin() as session:
            return len(session.execute(delete(TABLE).where(tuple_(*key).in_(old)).returning(TABLE.c.method)).all())

    return Chore("forget request ids", timedelta(minutes=10), forget)


def fingerprint_of(request: Message) -> bytes:
    """Says whether two requests ask for the same: everything in them counts but the request_id."""
    payload = type(request)()
    payload.CopyFrom(request)
    payload.ClearField("request_id")
    return hashlib.sha256(payload.SerializeToString(deterministic=True)).digest()
