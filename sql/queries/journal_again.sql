-- Writes that Glide was too busy for leave once more.
with call as (
    insert into glsync.calls (id, mapping_id) values (%(call)s, %(mapping)s)
)
update glsync.intents
set state = 'sent', call_id = %(call)s, sent_at = clock_timestamp(), attempts = attempts + 1
where id = any(%(ids)s::uuid[])
