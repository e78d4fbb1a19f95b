-- A staged page of Glide in canonical form: the value Postgres makes of each cell. A row met twice keeps its last word.
insert into glsync_glide (k, cells)
select s.glide_row_id, (select to_jsonb(c.*) from (select {cells}) as c)
from glsync_stage as s
on conflict (k) do update set cells = excluded.cells
