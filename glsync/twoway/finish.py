"""A two-way run from its first look to its report, and the same as a plan that writes nothing.

Look at Glide · find out about writes in doubt · prove absences · look at Postgres · decide · write Postgres · push to
Glide · look again · certify.
"""

from __future__ import annotations

from psycopg2 import extensions

from glsync.glide import App
from glsync.postgres import capture
from glsync.store import certificates, journal, links, problems, runs
from glsync.store.certificates import Certificate
from glsync.store.db import transaction
from glsync.store.lease import Lease
from glsync.twoway import refer
from glsync.twoway.absences import may_miss, proven_gone
from glsync.twoway.decide import decide, plan_of
from glsync.twoway.decided import Decided
from glsync.twoway.observe import Run, look_at_glide, open_run, read_postgres, standing
from glsync.twoway.push import push
from glsync.twoway.settle import look_again, names_of, read_back, settle
from glsync.twoway.write import write_postgres
from glsync.values import Counts, Plan, Price, RunReport, Status


def sync(connection: extensions.connection, job: runs.Job, lease: Lease, app: App) -> RunReport:
    """One run of a mapping that is written on both sides, or by Postgres."""
    run = open_run(connection, job, app.source(job.mapping.glide_table))
    if known := standing(connection, run):
        return _stood(connection, run, lease, known)
    with transaction(connection) as cursor:
        touches = capture.touches(cursor, job.mapping.id)
        runs.note(cursor, job.log_id, "Reading both sides", stage="read")
    look_at_glide(connection, run, lease)
    busy = settle(connection, run, lease)
    run.gone = proven_gone(connection, run, lease)
    read_postgres(connection, run, lease)
    run.may_miss = may_miss(connection, run)
    decided = decide(connection, run, busy)
    write_postgres(connection, run, decided, lease)
    push(connection, run, decided, lease)
    in_doubt = read_back(connection, run, lease)
    if late := refer.came(connection, run, lease, decided):
        in_doubt = _once_more(connection, run, lease, decided, late)
    return _finish(connection, run, decided, lease, touches, in_doubt)


def _stood(connection: extensions.connection, run: Run, lease: Lease, known: Certificate) -> RunReport:
    """Neither side moved since they were certified to be in step, so they still are."""
    with transaction(connection) as cursor:
        lease.check(cursor)
        certificates.save(cursor, run.job.mapping.id, run.job.log_id, known)
        run.counts += Counts(read=known.rows, skipped=known.rows)
        runs.progress(cursor, run.job.log_id, "finish", run.counts, run.reads, known.rows)
    message = f"{known.rows:,} rows, neither side moved: nothing to write; both sides are equal"
    return RunReport(run.job.log_id, "completed", message, run.counts, 0.0, Price(run.reads))


def _once_more(
    connection: extensions.connection, run: Run, lease: Lease, decided: Decided, late: frozenset[str]
) -> int:
    """The second half of what refers in circles: these rows get the parents that came into being in the first one."""
    before, version = run.undone, run.version
    with transaction(connection) as cursor:
        busy = names_of(journal.still_open(cursor, run.job.mapping.id))
        named = links.names(cursor, [link for link, _ in decided.lacking if link in late])
        cursor.execute("drop table glsync_postgres")
    if named and run.source.kind == "big":  # our own writes moved the version that guards the next ones
        run.version = run.source.version()
        look_again(connection, run, lease, named)
    read_postgres(connection, run, None)
    linked = decide(connection, run, busy, only=late)
    linked.conflicts = []  # told in the first half
    decided.named += linked.named
    write_postgres(connection, run, linked, lease)
    push(connection, run, linked, lease)
    run.undone, run.version = run.undone | before, version
    decided.lacking = [(link, each) for link, each in decided.lacking if link not in late] + linked.lacking
    decided.waiting += linked.waiting
    return read_back(connection, run, lease)


def plan(connection: extensions.connection, job: runs.Job, app: App) -> Plan:
    """What a run would do now. Both sides are read; nothing is written, remembered or settled."""
    run = open_run(connection, job, app.source(job.mapping.glide_table), dry=True)
    look_at_glide(connection, run, None)
    with transaction(connection) as cursor:
        busy = names_of(journal.still_open(cursor, job.mapping.id))
    run.gone = proven_gone(connection, run, None)
    read_postgres(connection, run, None)
    return plan_of(run, decide(connection, run, busy))


def _finish(
    connection: extensions.connection, run: Run, decided: Decided, lease: Lease, touches: list[str], in_doubt: int
) -> RunReport:
    mapping_id = run.job.mapping.id
    with transaction(connection) as cursor:
        lease.check(cursor)
        refer.tell(cursor, run, [each for _, each in decided.lacking])
        run.recorder.close(cursor)
        problems.settle(cursor, mapping_id, run.since)
        applied = [pick for pick, link in decided.picked if link not in run.undone]
        links.settle_conflicts(cursor, mapping_id, run.since, applied=applied, overtaken=decided.overtaken)
        capture.settle(cursor, mapping_id, touches)
        in_step = _certify(cursor, run, decided) and not in_doubt
        stored = run.counts.stored
        skipped = max(0, run.counts.read - stored - run.counts.failed - run.counts.conflicts)
        run.counts = run.counts + type(run.counts)(skipped=skipped)
        runs.progress(cursor, run.job.log_id, "finish", run.counts, run.reads + run.writes, run.counts.read)
    status: Status = "completed_with_errors" if run.counts.failed or run.counts.conflicts else "completed"
    return RunReport(
        run.job.log_id,
        status,
        _told(run, decided, in_step=in_step, in_doubt=in_doubt),
        run.counts,
        0.0,
        Price(run.reads, run.writes),
        decided.waiting,
    )


def _certify(cursor: extensions.cursor, run: Run, decided: Decided) -> bool:
    """Are both sides equal now, as last read? Then say so, with the digests to prove it."""
    if decided.items or decided.named or run.counts.stored:  # we wrote: what Postgres made of it is to be seen
        capture.sign(cursor, run.job.mapping.id)
        cursor.execute("drop table glsync_postgres")
        run.sides.read_postgres(cursor, str(run.job.mapping.id))
    glide, postgres, rows, is_base = run.sides.digests(cursor)
    if glide != postgres or decided.waiting or run.counts.failed or run.moved:
        return False
    whole = run.known if is_base else None
    version, at = (whole.version, whole.at) if whole else (None, None)
    found = Certificate(glide, postgres, rows, run.scope, version, at, capture.mark(cursor, run.target))
    certificates.save(cursor, run.job.mapping.id, run.job.log_id, found)
    return True


def _told(run: Run, decided: Decided, *, in_step: bool, in_doubt: int) -> str:
    counts = run.counts
    parts = [
        f"{number:,} {word}"
        for number, word in (
            (counts.created, "created"),
            (counts.updated, "updated"),
            (counts.deleted, "deleted"),
            (counts.conflicts, "in conflict"),
            (counts.failed, "held back"),
            (in_doubt, "written to Glide and not seen there yet"),
        )
        if number
    ]
    said = f"{counts.read:,} rows compared: {', '.join(parts) or 'nothing to write'}"
    if decided.waiting:
        return f"{said}; {decided.waiting[0].reason}"
    if decided.put_off:
        rows = "1 row is" if decided.put_off == 1 else f"{decided.put_off:,} rows are"
        return f"{said}; {rows} to be made in Glide once a read of it has met all its rows"
    return f"{said}; both sides are equal" if in_step else said
