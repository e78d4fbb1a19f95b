-- Rows stored without their parent, because it may come later in the same run. Kept for the session: a run that is killed
-- finds its rows again by their digests, which it did not keep.
drop table if exists pg_temp.glsync_late;
create temporary table glsync_late (glide_row_id text, n int, parent text)
