-- Many errors at once: a thing that is wrong once more raises its attempts, everything else becomes a new open error, or
-- an ignored one where its cause is.
insert into public.gl_sync_errors as e (
    mapping_id, log_id, error_type, error_message, record_data, retryable, glide_row_id, column_name, value, rule, hint,
    state, ignored_until, resolved_by, resolution_notes
)
select
    %(mapping)s, %(log)s, r.type, r.message, r.record, r.retryable, r.row_id, r.column_name, r.value, r.rule, r.hint,
    case when i.id is null then 'open' else 'ignored' end, i.until, i.created_by, i.notes
from jsonb_to_recordset(%(errors)s::jsonb) as r (
    type text, message text, record jsonb, retryable boolean, row_id text, column_name text, value text, rule text, hint text
)
left join glsync.ignored_causes as i
    on i.mapping_id = %(mapping)s and i.error_type = r.type and i.column_name is not distinct from r.column_name
    and i.rule is not distinct from r.rule and (i.until is null or i.until > now())
on conflict (mapping_id, fingerprint) where state <> 'resolved' do update
set attempts = e.attempts + 1, last_seen_at = now(), log_id = excluded.log_id, error_message = excluded.error_message,
    record_data = excluded.record_data, retryable = excluded.retryable, value = excluded.value, hint = excluded.hint,
    state = case e.state when 'retrying' then 'open' else e.state end
