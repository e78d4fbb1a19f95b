-- Errors of this cause begin as ignored from now on.
insert into glsync.ignored_causes (mapping_id, error_type, column_name, rule, until, notes, created_by)
values (%(mapping)s, %(type)s, %(column)s, %(rule)s, %(until)s, %(notes)s, %(actor)s)
on conflict (mapping_id, error_type, column_name, rule) do update
set until = excluded.until, notes = excluded.notes, created_by = excluded.created_by, created_at = now()
returning id
