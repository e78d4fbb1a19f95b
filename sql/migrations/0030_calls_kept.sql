-- History learns what an accepted call replaced while the run waits for Glide to show it; `kept_at` says that it has.
alter table glsync.calls add column kept_at timestamptz;

-- what people may read is granted by column, so a new one is granted anew
select glsync.open_to_members('glsync.calls', 'workspace_id', null);
