-- What is known of rows that a child waits for and its parent's table lacks: the errors that hold them back.
select e.glide_row_id, min(e.error_message)
from public.gl_sync_errors as e
where e.mapping_id = %(parent)s and e.state <> 'resolved' and e.glide_row_id = any(%(rows)s)
group by e.glide_row_id
