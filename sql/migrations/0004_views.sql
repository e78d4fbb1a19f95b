-- The views. Each runs with the rights of whoever reads it, so row-level security holds behind it too.

-- Schemas a mapping never targets: Postgres's own, ours, and on Supabase those of its services.
create function glsync.is_hidden_schema(schema_name text) returns boolean
language sql stable parallel safe set search_path = ''
as $$
    select schema_name ~ '^pg_' or schema_name in ('information_schema', 'glsync', 'glsync_queue')
        or (
            (schema_name in (
                'auth', 'storage', 'vault', 'extensions', 'realtime', '_realtime', 'pgbouncer', 'net', 'cron', 'pgmq',
                '_analytics', '_supavisor', 'pgsodium', 'pgsodium_masks'
            ) or schema_name ~ '^(graphql|supabase_)')
            and exists (select from pg_catalog.pg_roles where rolname = 'service_role')
        )
$$;

create function glsync.is_control_table(schema_name text, table_name text) returns boolean
language sql immutable parallel safe
return schema_name = 'public' and table_name in ('gl_connections', 'gl_mappings', 'gl_sync_logs', 'gl_sync_errors');

-- gl_mappings.supabase_table taken apart at its first dot; without one the schema is public.
create function glsync.target_schema(supabase_table text) returns text
language sql immutable parallel safe
return case when strpos(supabase_table, '.') > 0 then split_part(supabase_table, '.', 1) else 'public' end;

create function glsync.target_table(supabase_table text) returns text
language sql immutable parallel safe
return substr(supabase_table, strpos(supabase_table, '.') + 1);

-- The table a mapping targets, null when there is none of that name. Names are taken as written, case and all.
create function glsync.target_oid(supabase_table text) returns oid
language sql stable parallel safe set search_path = ''
as $$
    select c.oid
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = glsync.target_schema(supabase_table)
        and c.relname = glsync.target_table(supabase_table)
        and c.relkind in ('r', 'p')
$$;

-- The rows of a table counted now, null when there is no such table or the asking role may not read it.
create function glsync.count_rows(supabase_table text) returns bigint
language plpgsql stable set search_path = ''
as $$
declare
    counted bigint;
begin
    if not coalesce(has_table_privilege(glsync.target_oid(supabase_table), 'select'), false) then
        return null;
    end if;
    execute format(
        'select count(*) from %I.%I', glsync.target_schema(supabase_table), glsync.target_table(supabase_table)
    ) into counted;
    return counted;
end
$$;

-- current_status is that of the last run, null for a mapping that never ran.
-- total_records is what the base knows to be in step; before there is a base, the rows stored less those deleted.
create view public.gl_mapping_status with (security_invoker = true) as
select
    m.id as mapping_id,
    m.connection_id,
    c.app_name,
    m.glide_table,
    m.glide_table_display_name,
    m.supabase_table,
    m.sync_direction,
    m.enabled,
    last_run.status as current_status,
    last_run.started_at as last_sync_started_at,
    last_run.completed_at as last_sync_completed_at,
    last_run.records_processed,
    coalesce(b.rows, runs.stored, 0)::bigint as total_records,
    coalesce(runs.total_syncs, 0) as total_syncs,
    coalesce(open_errors.error_count, 0) as error_count,
    m.workspace_id,
    m.name as mapping_name,
    c.name as connection_name,
    m.status as mapping_status,
    m.version as mapping_version,
    last_run.id as last_log_id,
    last_run.message as last_message,
    last_run.error_type as last_error_type,
    runs.last_success_at,
    b.verified_at
from public.gl_mappings as m
inner join public.gl_connections as c on c.id = m.connection_id
left join glsync.base_state as b on b.mapping_id = m.id
left join lateral (
    select l.id, l.status, l.message, l.error_type, l.started_at, l.completed_at, l.records_processed
    from public.gl_sync_logs as l
    where l.mapping_id = m.id
    order by l.started_at desc
    limit 1
) as last_run on true
left join (
    select
        l.mapping_id,
        count(*) as total_syncs,
        greatest(sum(l.created_rows - l.deleted_rows), 0) as stored,
        max(l.completed_at) filter (where l.status in ('completed', 'completed_with_errors')) as last_success_at
    from public.gl_sync_logs as l
    group by l.mapping_id
) as runs on runs.mapping_id = m.id
left join (
    select e.mapping_id, count(*) as error_count
    from public.gl_sync_errors as e
    where e.resolved_at is null
    group by e.mapping_id
) as open_errors on open_errors.mapping_id = m.id;

create view public.gl_recent_logs with (security_invoker = true) as
select
    l.id,
    l.mapping_id,
    l.status,
    l.message,
    l.records_processed,
    l.started_at,
    l.completed_at,
    m.glide_table,
    m.glide_table_display_name,
    m.supabase_table,
    c.app_name,
    m.sync_direction,
    l.workspace_id,
    m.name as mapping_name,
    l.direction,
    l.trigger,
    l.actor,
    l.stage,
    l.read_rows,
    l.created_rows,
    l.updated_rows,
    l.deleted_rows,
    l.skipped_rows,
    l.failed_rows,
    l.conflict_rows,
    l.expected_rows,
    l.price,
    l.error_type,
    l.hint
from public.gl_sync_logs as l
inner join public.gl_mappings as m on m.id = l.mapping_id
inner join public.gl_connections as c on c.id = m.connection_id
order by l.started_at desc, l.id;

create view public.gl_sync_stats with (security_invoker = true) as
select
    (l.started_at at time zone 'UTC')::date as sync_date,
    count(*) as syncs,
    count(*) filter (where l.status = 'completed') as successful_syncs,
    count(*) filter (where l.status = 'failed') as failed_syncs,
    sum(l.records_processed)::bigint as total_records_processed,
    count(*) filter (where l.status = 'completed_with_errors') as completed_with_errors,
    count(*) filter (where l.status = 'cancelled') as cancelled_syncs,
    count(*) filter (where l.status in ('started', 'processing')) as unfinished_syncs
from public.gl_sync_logs as l
group by (l.started_at at time zone 'UTC')::date
order by (l.started_at at time zone 'UTC')::date desc;

-- total_products is counted now; null while there is no table gl_products.
create view public.gl_product_sync_stats with (security_invoker = true) as
select
    m.id as mapping_id,
    m.connection_id,
    c.app_name,
    m.glide_table,
    m.glide_table_display_name,
    m.supabase_table,
    m.sync_direction,
    (select glsync.count_rows('public.gl_products')) as total_products,
    (
        select count(*) from public.gl_sync_errors as e where e.mapping_id = m.id and e.resolved_at is null
    ) as error_count,
    (
        select max(l.completed_at)
        from public.gl_sync_logs as l
        where l.mapping_id = m.id and l.status in ('completed', 'completed_with_errors')
    ) as last_sync_time,
    m.workspace_id
from public.gl_mappings as m
inner join public.gl_connections as c on c.id = m.connection_id
where glsync.target_schema(m.supabase_table) = 'public' and glsync.target_table(m.supabase_table) = 'gl_products';

-- estimated_rows is Postgres's own estimate, null until it has made one.
create view public.gl_tables_view with (security_invoker = true) as
select
    t.relname::text as table_name,
    n.nspname::text as schema_name,
    case n.nspname when 'public' then t.relname::text else n.nspname || '.' || t.relname end as supabase_table,
    columns.columns,
    case when t.reltuples >= 0 then t.reltuples::bigint end as estimated_rows,
    obj_description(t.oid, 'pg_class') as description,
    exists (
        select
        from pg_catalog.pg_index as i
        inner join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = t.oid and i.indisunique and i.indisvalid and i.indimmediate
            and i.indpred is null and i.indnkeyatts = 1 and a.attname = 'glide_row_id'
    ) as has_row_key
from pg_catalog.pg_class as t
inner join pg_catalog.pg_namespace as n on n.oid = t.relnamespace
cross join lateral (
    select coalesce(jsonb_agg(jsonb_build_object(
        'name', a.attname,
        'type', format_type(a.atttypid, a.atttypmod),
        'nullable', not a.attnotnull,
        'has_default', a.atthasdef or a.attidentity <> '',
        'generated', a.attgenerated <> '' or a.attidentity = 'a'
    ) order by a.attnum), '[]') as columns
    from pg_catalog.pg_attribute as a
    where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
) as columns
where t.relkind in ('r', 'p')
    and not t.relispartition
    and not glsync.is_hidden_schema(n.nspname)
    and not glsync.is_control_table(n.nspname, t.relname)
    and has_schema_privilege(n.oid, 'usage')
    and has_table_privilege(t.oid, 'select')
order by n.nspname, t.relname;
