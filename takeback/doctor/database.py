"""The database: whether it opens, keeps its word in a power cut, and knows the time; and what waits in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from takeback import clock
from takeback.clock import DAY, SECOND, Instant
from takeback.config import Config
from takeback.doctor.finding import Finding, ok, problem, warning
from takeback.errors import TakebackError
from takeback.flows.park import CLOCK_STEP_FACT, OUTAGE
from takeback.quantities import format_duration
from takeback.recall.outcomes import Reason
from takeback.store import examining, housekeeping, reading, recall_reading, schema
from takeback.store.database import Database, database_url, explain

_SOUND = {
    "journal_mode": ("wal",),
    "synchronous": ("2", "3"),  # FULL, EXTRA
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply", "remote_write"),
}
"""Values under which a commit that was answered survives a power cut."""
_TOLERABLE_DRIFT = 5 * SECOND
_STEP_IS_NEWS = 7 * DAY
_BEAT_IS_LATE = OUTAGE


def examine_database(config: Config) -> list[Finding]:
    """Blocks while the database answers."""
    file = config.data.folder / "takeback.db"
    if config.data.database == "sqlite" and not file.exists():
        return [warning("database", f"{file} is not there yet.", "Start takeback serve, which makes it.")]
    try:
        database = Database(database_url(config.data.database, config.data.folder))
        try:
            with database.reader.connect() as connection, connection.begin():
                return list(_examine(config, database, connection))
        finally:
            database.close()
    except DBAPIError as error:
        return [problem("database", f"{explain(error)}.", "Check [data] database, and that the server runs.")]
    except TakebackError as error:
        return [problem("database", f"{error}.", "Check [data] database.")]


def _examine(config: Config, database: Database, connection: Connection) -> Iterator[Finding]:
    revision = schema.current_revision(connection)
    if revision is None:
        yield warning("database", "It has no tables yet.", "Start takeback serve, which makes them.")
        return
    if revision > schema.HEAD:
        yield problem(
            "database",
            f"A newer Takeback wrote it (schema {revision}; this one knows {schema.HEAD}).",
            "Upgrade this installation.",
        )
        return
    if revision < schema.HEAD:
        yield warning(
            "database", f"Its schema is {revision}, not {schema.HEAD}.", "Start takeback serve, which upgrades it."
        )
        return
    yield ok("database", f"It opens, and its schema is {revision}.")
    yield from _durability(connection)
    yield from _clocks(connection, database.now(connection))
    yield from _waiting(connection)
    yield from _submitters(config, connection)
    yield from _recalls(connection)


def _recalls(connection: Connection) -> Iterator[Finding]:
    waiting = recall_reading.waiting_for(connection)
    if unreachable := waiting.get(Reason.UNREACHABLE, 0):
        yield warning(
            "recall",
            f"Mailboxes of running recalls whose servers do not answer: {unreachable}.",
            "Run takeback recalls MESSAGE to see what each of them says.",
        )
    elif waiting:
        yield ok("recall", f"Mailboxes that running recalls still look at: {sum(waiting.values())}.")


def _durability(connection: Connection) -> Iterator[Finding]:
    settings = examining.settings(connection)
    unsound = {name: value for name, value in settings.items() if value not in _SOUND[name]}
    if unsound:
        listed = ", ".join(f"{name} = {value}" for name, value in unsound.items())
        yield problem("durability", f"A power cut may lose accepted mail: {listed}.", "Set it back to the default.")
    else:
        yield ok("durability", "What was accepted survives a power cut.")
    lagging = [replica.name for replica in examining.replicas(connection) if replica.state == "async"]
    if lagging:
        yield warning(
            "durability",
            f"Asynchronous replicas may lack the newest mail when they take over: {', '.join(lagging)}.",
            "Name them in synchronous_standby_names, or accept that.",
        )


def _clocks(connection: Connection, store_now: Instant) -> Iterator[Finding]:
    ahead = store_now - clock.now()
    if abs(ahead) > _TOLERABLE_DRIFT:
        side = "ahead of" if ahead > 0 else "behind"
        yield problem(
            "clock",
            f"The database's clock is {format_duration(abs(ahead))} {side} this machine's.",
            "Run NTP on both; messages leave by the database's clock.",
        )
    step = housekeeping.fact(connection, CLOCK_STEP_FACT)
    if step is not None and abs(store_now - step[1]) < _STEP_IS_NEWS:
        yield warning(
            "clock",
            f"It jumped by {step[0]} seconds at {clock.rfc3339(step[1])}; what was held then waits for its senders.",
            "See that NTP runs, then release what shall leave (takeback outbox).",
        )
    yield _heartbeat(housekeeping.fact(connection, housekeeping.HEARTBEAT), store_now)


def _heartbeat(beat: tuple[str, Instant] | None, now: Instant) -> Finding:
    if beat is None:
        return warning("serve", "It has never run on this database.", "Start takeback serve.")
    silence = now - beat[1]
    if silence < -OUTAGE:
        return problem(
            "clock",
            f"It says {clock.rfc3339(now)}, and serve last worked at {clock.rfc3339(beat[1])}, which is later.",
            "Set the clock right before serve starts again.",
        )
    if silence > _BEAT_IS_LATE:
        return warning(
            "serve",
            f"It does not seem to run: it last worked {format_duration(silence)} ago.",
            "Start takeback serve.",
        )
    return ok("serve", f"It worked {format_duration(silence)} ago.")


def _waiting(connection: Connection) -> Iterator[Finding]:
    undecided = examining.undecided(connection)
    parked, restored = examining.waiting_for_release(connection)
    if undecided:
        yield warning(
            "messages",
            f"{_messages(undecided)} handed over without an answer (unknown).",
            "takeback outbox lists them; takeback undo leaves one alone, takeback release --again sends it once more.",
        )
    if parked:
        yield warning(
            "messages",
            f"{_messages(parked)} kept instead of being sent late.",
            "takeback outbox lists them; takeback release or takeback undo each.",
        )
    if restored:
        yield warning(
            "messages",
            f"{_messages(restored)} open in the backup that was restored, and may have left since.",
            "takeback outbox lists them; takeback release or takeback undo each.",
        )
    if not undecided and not parked and not restored:
        yield ok("messages", "None waits for a decision.")


def _messages(count: int) -> str:
    return "1 message was" if count == 1 else f"{count} messages were"


def _submitters(config: Config, connection: Connection) -> Iterator[Finding]:
    trusted = [str(entry.network) for entry in config.smtp.trusted]
    if config.auth.backend == "imap":
        yield ok("accounts", f"Whoever can log in at {config.auth.url} may submit.")
        return
    able = [account for account in reading.accounts(connection) if account.password_hash]
    if able:
        yield ok("accounts", f"{len(able)} may submit.")
    elif trusted:
        yield ok("accounts", f"There are none; {_and(trusted)} may submit without one.")
    else:
        yield problem(
            "accounts",
            "There are none, and no trusted network: nobody can submit.",
            "takeback account add ADDRESS, or add a [[smtp.trusted]].",
        )


def _and(names: Sequence[str]) -> str:
    return " and ".join(names)
