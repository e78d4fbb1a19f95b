-- One line of the audit trail about a change of keys.
insert into glsync.audit (workspace_id, actor, action, subject_type, subject_name, after)
values (%(workspace)s, %(actor)s, 'rotated', 'secret key', 'secret key', %(after)s)
