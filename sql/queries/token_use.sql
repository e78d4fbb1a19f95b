-- The valid token with this hash; when it was last used is noted once a minute. A person's own token is worth no more
-- than the person, and nothing once they are no member.
with found as (
    select
        t.id, t.name, t.workspace_id, t.last_used_at,
        case when t.user_id is null or glsync.role_rank(t.role) <= glsync.role_rank(m.role) then t.role else m.role end
            as role,
        coalesce(m.email, m.name, m.user_id) as person
    from glsync.api_tokens as t
    left join glsync.members as m on m.workspace_id = t.workspace_id and m.user_id = t.user_id
    where t.token_hash = %(hash)s and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())
        and (t.user_id is null or m.user_id is not null)
),
noted as (
    update glsync.api_tokens as t set last_used_at = now()
    from found
    where t.id = found.id and (found.last_used_at is null or found.last_used_at < now() - interval '1 minute')
)
select found.id, found.name, found.role, found.workspace_id, found.person from found
