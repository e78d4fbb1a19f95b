-- People name their own tokens as they like: a name is taken by another of their own, or by one of a service. The table
-- is small, so its lock is short.
-- squawk-ignore-file require-concurrent-index-deletion, require-concurrent-index-creation
drop index glsync.api_tokens_live;
create unique index api_tokens_live on glsync.api_tokens (workspace_id, coalesce(user_id, ''), name) where revoked_at is null;
