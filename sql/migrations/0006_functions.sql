-- What any Postgres client may call: errors, retry, suggestions.

create function public.gl_get_sync_errors(
    p_mapping_id uuid, p_limit integer default 100, p_include_resolved boolean default false
) returns setof public.gl_sync_errors
language sql stable set search_path = ''
as $$
    select e.*
    from public.gl_sync_errors as e
    where e.mapping_id = p_mapping_id and (p_include_resolved or e.resolved_at is null)
    order by e.created_at desc, e.id
    limit p_limit
$$;

-- One open error per thing that is wrong: met again, its attempts go up and the new facts replace the old ones.
create function public.gl_record_sync_error(
    p_mapping_id uuid,
    p_error_type text,
    p_error_message text,
    p_record_data jsonb default null,
    p_retryable boolean default false,
    p_glide_row_id text default null,
    p_column_name text default null,
    p_value text default null,
    p_rule text default null,
    p_hint text default null,
    p_log_id uuid default null
) returns uuid
language sql set search_path = ''
as $$
    insert into public.gl_sync_errors as e (
        mapping_id, log_id, error_type, error_message, record_data, retryable,
        glide_row_id, column_name, value, rule, hint
    )
    values (
        p_mapping_id, p_log_id, p_error_type, p_error_message, p_record_data, p_retryable,
        coalesce(p_glide_row_id, p_record_data ->> '$rowID', p_record_data ->> 'glide_row_id'),
        p_column_name, p_value, p_rule, p_hint
    )
    on conflict (mapping_id, fingerprint) where state <> 'resolved' do update set
        attempts = e.attempts + 1,
        last_seen_at = now(),
        log_id = coalesce(excluded.log_id, e.log_id),
        error_message = excluded.error_message,
        record_data = coalesce(excluded.record_data, e.record_data),
        retryable = excluded.retryable,
        value = excluded.value,
        hint = coalesce(excluded.hint, e.hint),
        state = case e.state when 'retrying' then 'open' else e.state end
    returning e.id
$$;

create function public.gl_resolve_sync_error(p_error_id uuid, p_resolution_notes text default null) returns boolean
language sql set search_path = ''
as $$
    with resolved as (
        update public.gl_sync_errors as e
        set state = 'resolved', resolved_at = now(), next_retry_at = null, resolution_notes = p_resolution_notes,
            resolved_by = coalesce(glsync.current_user_id(), session_user::text)
        where e.id = p_error_id and e.resolved_at is null
        returning e.id
    )
    select exists (select from resolved)
$$;

-- Queue a run and return its log's id; while one of this mapping waits in the queue, that one's id. Log and job are one
-- transaction, and the queue's own trigger wakes the workers. Behind a run that is under way one more may wait.
-- SECURITY DEFINER because nobody but the machinery may write to the queue; may() is the check of who asks.
create function glsync.enqueue_run(
    mapping_id uuid, trigger text default 'manual', actor text default null, options jsonb default '{}'
) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
    mapping public.gl_mappings;
    run_lock text := 'mapping:' || enqueue_run.mapping_id;
    run_id uuid;
    run_job bigint;
begin
    select m.* into mapping from public.gl_mappings as m where m.id = enqueue_run.mapping_id;
    if not found or not glsync.may('viewer', mapping.workspace_id) then
        raise exception 'There is no mapping "%".', enqueue_run.mapping_id
            using errcode = 'no_data_found', hint = 'It may have been deleted; reload the list.';
    end if;
    if not glsync.may('operator', mapping.workspace_id) then
        raise exception 'Only an operator may start a run of mapping "%".', mapping.name
            using errcode = 'insufficient_privilege',
            hint = 'Ask somebody with the role operator or higher in this workspace.';
    end if;
    for attempt in 1..10 loop
        select (j.args ->> 'log_id')::uuid into run_id
        from glsync_queue.procrastinate_jobs as j
        where j.queueing_lock = run_lock and j.status = 'todo';
        if found then
            return run_id;
        end if;
        begin
            insert into public.gl_sync_logs (mapping_id, status, trigger, actor, options)
            values (mapping.id, 'started', enqueue_run.trigger, enqueue_run.actor, coalesce(enqueue_run.options, '{}'))
            returning id into run_id;
            run_job := (glsync_queue.procrastinate_defer_jobs_v1(array[row(
                'sync', 'sync', 0, run_lock, run_lock, jsonb_build_object('log_id', run_id), null
            )::glsync_queue.procrastinate_job_to_defer_v1]))[1];
            update public.gl_sync_logs as l set job_id = run_job where l.id = run_id;
            return run_id;
        exception
            when unique_violation then
                null; -- somebody else queued one at this moment: look again
        end;
    end loop;
    raise exception 'Mapping "%" could not be queued: its queue is changing all the time.', mapping.name
        using errcode = 'lock_not_available', hint = 'Try again.';
end
$$;

create function public.glsync_retry_failed_sync(p_mapping_id uuid) returns uuid
language sql set search_path = ''
as $$
    select glsync.enqueue_run(p_mapping_id, 'retry', coalesce(glsync.current_user_id(), session_user::text), '{}')
$$;

-- A name as words: lower case, split at case changes and signs, umlauts and accents written plainly.
create function glsync.words_of(name text) returns text[]
language sql immutable parallel safe
return array_remove(regexp_split_to_array(translate(
    replace(replace(replace(replace(lower(regexp_replace(regexp_replace(
        name, '([a-zäöüß0-9])([A-ZÄÖÜ])', '\1 \2', 'g'
    ), '([A-ZÄÖÜ])([A-ZÄÖÜ][a-zäöüß])', '\1 \2', 'g')), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss'),
    'ÄÖÜàáâãåçèéêëìíîïñòóôõùúûýÿ', 'aouaaaaaceeeeiiiinoooouuuyy'
), '[^a-z0-9]+'), '');

-- The words two names have in common, as a share of the longer one's.
create function glsync.share(words text[], other_words text[]) returns numeric
language sql immutable parallel safe
return (select count(*) from unnest(words) as w where w = any(other_words))::numeric
/ greatest(cardinality(words), cardinality(other_words));

-- How alike two names are, 0 to 1: the same; the same but for its writing; the same words; one's words among the
-- other's; some words in common; one the beginning of the other. The less they share, the lower within its kind.
create function glsync.likeness(one text, words text[], other text, other_words text[]) returns numeric
language sql immutable parallel safe
return case
    when one = other then 1.0
    when cardinality(words) = 0 or cardinality(other_words) = 0 then 0
    when array_to_string(words, '') = array_to_string(other_words, '') then 0.95
    when words <@ other_words and other_words <@ words then 0.9
    else greatest(
        case when words <@ other_words or other_words <@ words then 0.5 + 0.35 * glsync.share(words, other_words) end,
        0.85 * glsync.share(words, other_words),
        case when array_to_string(words, '') ^@ array_to_string(other_words, '')
            or array_to_string(other_words, '') ^@ array_to_string(words, '')
            then 0.4 + 0.4 * least(length(array_to_string(words, '')), length(array_to_string(other_words, '')))
            / greatest(length(array_to_string(words, '')), length(array_to_string(other_words, '')))
        end
    )
end;

-- The Glide columns a caller describes: [{"id", "name", "type"}] as the API lists them, plain names, or
-- column_mappings.
create function glsync.glide_columns(described jsonb) returns table (glide_id text, glide_name text, kind text)
language sql immutable set search_path = ''
as $$
    select
        coalesce(c.value ->> 'id', c.key, c.value ->> 'name', c.value ->> 'glide_column_name', c.value #>> '{}'),
        coalesce(c.value ->> 'name', c.value ->> 'glide_column_name', c.value ->> 'id', c.key, c.value #>> '{}'),
        glsync.kind_of(coalesce(c.value ->> 'type', c.value ->> 'data_type'))
    from (
        select null as key, a.value
        from jsonb_array_elements(case jsonb_typeof(described) when 'array' then described else '[]' end) as a
        union all
        select o.key, o.value
        from jsonb_each(case jsonb_typeof(described) when 'object' then described else '{}' end) as o
    ) as c
$$;

-- The kind that suits a column's type when Glide's own type is not known.
create function glsync.kind_for(type_name text) returns text
language sql immutable parallel safe
return case glsync.type_family(type_name)
    when 'numeric' then 'number'
    when 'integer' then 'number'
    when 'float' then 'number'
    when 'boolean' then 'boolean'
    when 'timestamptz' then 'date-time'
    when 'timestamp' then 'date-time'
    when 'date' then 'date'
    when 'time' then 'time'
    when 'interval' then 'duration'
    when 'json' then 'json'
    when 'array' then 'array'
    else 'string'
end;

-- The best pairs first, each column at most once on either side. A pair whose types do not fit is not suggested.
create function public.gl_suggest_column_mappings(p_supabase_table text, p_glide_columns jsonb)
returns table (
    glide_column_name text, suggested_supabase_column text, data_type text, confidence numeric, glide_column_id text
)
language plpgsql stable set search_path = ''
as $$
declare
    candidate record;
    taken_ids text[] := '{}';
    taken_columns text[] := '{}';
begin
    for candidate in
        with glide as materialized (
            select g.glide_id, g.glide_name, g.kind, glsync.words_of(g.glide_name) as words
            from glsync.glide_columns(p_glide_columns) as g
        ),
        columns as materialized (
            select a.attname::text as name, format_type(a.atttypid, a.atttypmod) as type, a.attnum,
                glsync.words_of(a.attname) as words
            from pg_catalog.pg_attribute as a
            where a.attrelid = glsync.target_oid(p_supabase_table) and a.attnum > 0 and not a.attisdropped
                and a.attgenerated = '' and a.attidentity <> 'a'
                and not (a.attname = 'id' and a.atttypid = 'uuid'::regtype) -- the engine fills it
        )
        select g.glide_id, g.glide_name, c.name, coalesce(g.kind, glsync.kind_for(c.type)) as kind,
            case when g.kind is null then 0.9 else 1 end
            * case
                when g.glide_id = '$rowID' then 1 else glsync.likeness(g.glide_name, g.words, c.name, c.words)
            end as score
        from glide as g
        inner join columns as c
            on case when g.glide_id = '$rowID' then c.name = 'glide_row_id' else c.name <> 'glide_row_id' end
        where g.glide_id = '$rowID' or g.kind is null or glsync.kind_fits(g.kind, c.type)
        order by score desc, c.attnum, g.glide_name
    loop
        continue when candidate.score < 0.5
            or candidate.glide_id = any(taken_ids) or candidate.name = any(taken_columns);
        taken_ids := taken_ids || candidate.glide_id;
        taken_columns := taken_columns || candidate.name;
        glide_column_name := candidate.glide_name;
        suggested_supabase_column := candidate.name;
        data_type := candidate.kind;
        confidence := round(candidate.score, 2);
        glide_column_id := candidate.glide_id;
        return next;
    end loop;
end
$$;
