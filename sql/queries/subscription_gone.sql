-- An address said it is gone for good.
update glsync.subscriptions set enabled = false, disabled_reason = 'It answered 410 Gone' where id = %(id)s
