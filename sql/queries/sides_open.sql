-- Both sides as they are now, for one run of one session: Glide as it was read, its rows that could not be read, those
-- the filter leaves out, and the markers of rows that carry one.
drop table if exists pg_temp.glsync_glide, pg_temp.glsync_unread, pg_temp.glsync_outside, pg_temp.glsync_markers,
    pg_temp.glsync_postgres;
create temporary table glsync_glide (k text primary key, cells jsonb not null);
create temporary table glsync_unread (k text primary key);
create temporary table glsync_outside (k text primary key);
create temporary table glsync_markers (k text primary key, marker text not null)
