-- Note a signed message, unless it was noted before; what is too old to be accepted anyway is forgotten.
with old as (
    delete from glsync.hook_messages where hook_id = %(hook)s and at < now() - interval '1 hour'
)
insert into glsync.hook_messages (hook_id, message_id, workspace_id) values (%(hook)s, %(message)s, %(workspace)s)
on conflict do nothing
