-- One line of the audit trail about a mapping.
insert into glsync.audit (workspace_id, actor, action, subject_type, subject_id, subject_name, after)
values (%(workspace)s, %(actor)s, %(action)s, 'mapping', %(id)s, %(name)s, %(after)s)
