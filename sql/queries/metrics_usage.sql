-- Glide updates and calls per connection and UTC day.
SELECT u.day, c.name AS connection, u.updates::float AS updates, u.calls
FROM glsync.usage AS u
JOIN public.gl_connections AS c ON c.id = u.connection_id
WHERE c.workspace_id = :workspace
    AND u.day >= (now() AT TIME ZONE 'UTC')::date - (:days - 1)
ORDER BY u.day, c.name
