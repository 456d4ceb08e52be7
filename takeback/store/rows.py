"""Inserting and changing many rows by one statement.

The driver lets go of the interpreter's lock at each row of an executemany, and under load waits to get it back each
time; that wait was half of the writer's time. One INSERT with many rows of VALUES waits once. SQLAlchemy writes the
statement, once for each number of rows; only the parameters are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam, insert, select, union_all, update

_PARAMETERS_AT_ONCE = 2_000
"""SQLite takes 32,766, PostgreSQL 65,535; beyond this many nothing is gained."""
_ROWS_CHANGED_AT_ONCE = 100
"""SQLite takes 500 selections in one union."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Afterwards the rows are there. All of them name the same columns, in the same order."""
    _run(_insertion, connection, table, rows, _PARAMETERS_AT_ONCE)


def update_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Afterwards each row of the table that is named by its `id` has those values; one that is not there is none. All
    of them name the same columns, in the same order, and no row is named twice."""
    if rows:
        _run(_change, connection, table, rows, min(_PARAMETERS_AT_ONCE, _ROWS_CHANGED_AT_ONCE * len(rows[0])))


_Statement = Callable[[Table, tuple[str, ...], int, Dialect], str]


def _run(
    statement: _Statement, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], parameters: int
) -> None:
    if not rows:
        return
    columns = tuple(rows[0])
    at_once = max(1, parameters // len(columns))
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        text = statement(table, columns, len(part), connection.dialect)
        connection.exec_driver_sql(text, _parameters(columns, part, connection.dialect.positional))


@lru_cache(maxsize=512)
def _insertion(table: Table, columns: tuple[str, ...], count: int, dialect: Dialect) -> str:
    values: list[dict[str, Any]] = [
        {column: bindparam(f"{column}_{row}") for column in columns} for row in range(count)
    ]
    return str(insert(table).values(values).compile(dialect=dialect))


@lru_cache(maxsize=512)
def _change(table: Table, columns: tuple[str, ...], count: int, dialect: Dialect) -> str:
    told = union_all(
        *(
            select(*(bindparam(f"{column}_{row}", type_=table.c[column].type).label(column) for column in columns))
            for row in range(count)
        )
    ).subquery("told")
    values = {column: told.c[column] for column in columns if column != "id"}
    return str(update(table).where(table.c.id == told.c.id).values(values).compile(dialect=dialect))


def _parameters(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], positional: bool) -> Any:
    """As the statement names them: one after the other, or each by its column and row."""
    if positional:
        return tuple(row[column] for row in rows for column in columns)
    return {f"{column}_{number}": row[column] for number, row in enumerate(rows) for column in columns}
