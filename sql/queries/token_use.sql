-- The valid token with this hash; when it was last used is noted once a minute.
with found as (
    select t.id, t.name, t.role, t.workspace_id, t.last_used_at
    from glsync.api_tokens as t
    where t.token_hash = %(hash)s and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())
),
noted as (
    update glsync.api_tokens as t set last_used_at = now()
    from found
    where t.id = found.id and (found.last_used_at is null or found.last_used_at < now() - interval '1 minute')
)
select found.id, found.name, found.role, found.workspace_id from found
