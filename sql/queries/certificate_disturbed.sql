-- Is there anything a run would have to do although neither side moved: foreign writes noted, conflicts open or picked,
-- rows that were held back, absences that wait for their grace?
select
    exists (select from glsync.touched where mapping_id = %(mapping)s)
    or exists (
        select from public.gl_conflicts
        where mapping_id = %(mapping)s and (state = 'open' or state = 'resolved' and applied_at is null)
    )
    or exists (select from public.gl_sync_errors where mapping_id = %(mapping)s and resolved_at is null)
    or exists (select from glsync.absent_rows where mapping_id = %(mapping)s)
