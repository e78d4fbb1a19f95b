-- One line of the audit trail.
select glsync.note(
    %(workspace)s, %(actor)s, %(action)s, %(subject)s, %(id)s, %(name)s, %(before)s::jsonb, %(after)s::jsonb
)
