-- Where a mapping's schedule stands.
insert into glsync.schedules as s (mapping_id, schedule, next_at, last_at, paused_at, pause_reason)
values (
    %(mapping)s, %(schedule)s, %(next_at)s, %(last_at)s,
    case when %(reason)s::text is not null then %(now)s::timestamptz end, %(reason)s
)
on conflict (mapping_id) do update
set schedule = excluded.schedule, next_at = excluded.next_at, last_at = coalesce(excluded.last_at, s.last_at),
    paused_at = excluded.paused_at, pause_reason = excluded.pause_reason
