-- Store the staged rows that are new or differ. Rows that are equal are only looked at: they cost no lock and no WAL. A
-- changed row is an update to triggers, checks and sequences, never an insert that met a conflict; on conflict stays for
-- a second writer, and xmax tells whom it found. What a change replaces is kept; of new rows only their names, with the
-- transaction that wrote them: while a row still says it, nobody has touched the row since. Rows of which a trigger let
-- nothing be written come back by name.
with found as materialized (
    select s.*, x.glide_row_id is null as glsync_is_new,
        case when x.glide_row_id is not null then to_jsonb(x.*) end as glsync_before
    from glsync_stage as s
    left join {target} as x on x.glide_row_id = s.glide_row_id
    where x.glide_row_id is null or {differs}
), changed as (
    update {target} as t
    set {changes}
    from found as s
    where not s.glsync_is_new and t.glide_row_id = s.glide_row_id
    returning t.glide_row_id, s.glsync_before as before, (select to_jsonb(c.*) from (select {cells}) as c) as after
), made as (
    insert into {target} as t ({inserted})
    select {values}
    from found as s
    where s.glsync_is_new
    on conflict (glide_row_id) do update set {again}
    returning t.glide_row_id, (t.xmax = 0) as is_new, t.xmin::text as written_by
), kept as (
    insert into glsync.history (mapping_id, workspace_id, log_id, side, operation, glide_row_id, before, after)
    select %(mapping)s::uuid, (select m.workspace_id from public.gl_mappings as m where m.id = %(mapping)s::uuid),
        %(log)s::uuid, 'postgres', 'update', c.glide_row_id, c.before, c.after
    from changed as c
    where %(log)s::uuid is not null
    union all
    select %(mapping)s::uuid, null::uuid, %(log)s::uuid, 'postgres', 'create', null, null,
        jsonb_build_object('written_by', m.written_by, 'rows', string_agg(m.glide_row_id, E'\x1f'))
    from made as m
    where m.is_new and %(log)s::uuid is not null
    group by m.written_by
)
select
    (select count(*) from made as m where m.is_new) as created,
    (select count(*) from changed) + (select count(*) from made as m where not m.is_new) as updated,
    (
        select array_agg(f.glide_row_id order by f.glide_row_id)
        from found as f
        where f.glide_row_id not in (select c.glide_row_id from changed as c union all select m.glide_row_id from made as m)
    ) as left_out
