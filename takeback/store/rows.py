"""Inserting many rows by one statement.

The driver lets go of the interpreter's lock at each row of an executemany, and under load waits to get it back each
time; that wait was half of the writer's time. One INSERT with many rows of VALUES waits once. SQLAlchemy writes the
statement, once for each number of rows; only the parameters are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam, insert

_PARAMETERS_AT_ONCE = 2_000
"""SQLite takes 32,766, PostgreSQL 65,535; beyond this many nothing is gained."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Afterwards the rows are there. All of them name the same columns, in the same order."""
    if not rows:
        return
    columns = tuple(rows[0])
    at_once = max(1, _PARAMETERS_AT_ONCE // len(columns))
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        statement = _statement(table, columns, len(part), connection.dialect)
        connection.exec_driver_sql(statement, _parameters(columns, part, connection.dialect.positional))


@lru_cache(maxsize=512)
def _statement(table: Table, columns: tuple[str, ...], count: int, dialect: Dialect) -> str:
    values: list[dict[str, Any]] = [
        {column: bindparam(f"{column}_{row}") for column in columns} for row in range(count)
    ]
    return str(insert(table).values(values).compile(dialect=dialect))


def _parameters(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], positional: bool) -> Any:
    """As the statement names them: one after the other, or each by its column and row."""
    if positional:
        return tuple(row[column] for row in rows for column in columns)
    return {f"{column}_{number}": row[column] for number, row in enumerate(rows) for column in columns}
