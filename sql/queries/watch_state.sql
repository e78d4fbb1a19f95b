-- Does the touch trigger stand on this table, and do we know it by the same oid?
select exists (
    select from pg_trigger as t
    where t.tgrelid = %(oid)s::oid and t.tgname = 'glsync_touch' and t.tgenabled in ('O', 'A')
) as has_trigger, exists (
    select from glsync.watched as w where w.mapping_id = %(mapping)s and w.table_oid = %(oid)s::oid
) as is_watched
