-- Does the touch trigger stand on this table, and do we know it by the same oid? `mark` changes when somebody switches it
-- off and on again, for what was written meanwhile is not noted.
select
    coalesce(t.tgenabled in ('O', 'A'), false) as has_trigger,
    exists (
        select from glsync.watched as w where w.mapping_id = %(mapping)s and w.table_oid = %(oid)s::oid
    ) as is_noted,
    t.oid::text || ' ' || t.xmin::text as mark
from (select 1) as one
left join pg_trigger as t on t.tgrelid = %(oid)s::oid and t.tgname = 'glsync_touch'
