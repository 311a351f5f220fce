"""Many rows out of one, by SQL: the fastest way to a database that has grown. SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

_BATCH = 50_000


def multiply(file: Path, table: str, where: str, keys: Mapping[str, str], numbers: range) -> None:
    """Copies the one row that `where` picks, once for each number `n`; the keys' columns get these expressions of SQL.

    In batches, since a service may be using the database.

    Raises:
        ValueError: there is not one such row.
    """
    with closing(sqlite3.connect(file, isolation_level=None, timeout=60)) as connection:
        found = connection.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0]
        if found != 1:
            raise ValueError(f"{file.name}: {table} has {found} rows with {where}, to be copied it must be one")
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        values = ", ".join(keys.get(column, column) for column in columns)
        for first in range(numbers.start, numbers.stop, _BATCH):
            last = min(first + _BATCH, numbers.stop) - 1
            connection.execute(
                f"WITH RECURSIVE counted(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM counted WHERE n < {last}) "
                f"INSERT INTO {table} ({', '.join(columns)}) "
                f"SELECT {values} FROM (SELECT * FROM {table} WHERE {where}), counted"
            )
        # What was written last lies in the log beside the database, where a reader finds it less quickly.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
