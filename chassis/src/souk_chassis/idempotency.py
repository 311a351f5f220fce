"""Makes a call safe to repeat: what it answered is stored with its effect, in the same transaction."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import Protocol, TypeVar

import grpc
from google.protobuf.message import Message
from sqlalchemy import Column, Connection, DateTime, LargeBinary, String, Table, delete, select, update
from sqlmodel import Session, SQLModel

from souk_chassis.errors import Refused

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
    mine = (TABLE.c.method == method) & (TABLE.c.request_id == request_id)
    fingerprint = fingerprint_of(request)
    claim = {
        "method": method,
        "request_id": request_id,
        "fingerprint": fingerprint,
        "response_type": response_type.DESCRIPTOR.full_name,
        "response": b"",
        "created_at": datetime.now(UTC),
    }
    # The claim comes first: the unique key makes a concurrent twin wait here until this transaction has ended.
    if _claimed(session, claim):
        response = run()
        session.execute(update(TABLE).where(mine).values(response=response.SerializeToString(deterministic=True)))
        return response
    stored = session.execute(select(TABLE.c.fingerprint, TABLE.c.response).where(mine)).one()
    if stored.fingerprint != fingerprint:
        raise Refused(
            "REQUEST_ID_REUSED",
            f"request_id {request_id} was used before with another payload; choose a new one",
            code=grpc.StatusCode.ALREADY_EXISTS,
            metadata={"request_id": request_id},
        )
    return response_type.FromString(stored.response)


def _claimed(session: Session, claim: dict[str, object]) -> bool:
    # Both engines spell it alike, but in SQLAlchemy it belongs to the dialect; the engine has imported its own already.
    insert = import_module(f"sqlalchemy.dialects.{session.get_bind().dialect.name}").insert
    statement = insert(TABLE).values(claim).on_conflict_do_nothing().returning(TABLE.c.method)
    return session.execute(statement).first() is not None


def forget(session: Session, *, before: datetime) -> None:
    """Deletes what is older; who repeats a call after that does it a second time."""
    session.execute(delete(TABLE).where(TABLE.c.created_at < before))


def fingerprint_of(request: Message) -> bytes:
    """Says whether two requests ask for the same: everything in them counts but the request_id."""
    payload = type(request)()
    payload.CopyFrom(request)
    payload.ClearField("request_id")
    return hashlib.sha256(payload.SerializeToString(deterministic=True)).digest()
