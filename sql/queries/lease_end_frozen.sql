-- End the transactions of this mapping's runs that have been open for so long. Only asked when neither the lease nor the
-- run's heartbeat, which beats while a long statement works, gives a sign of life. Chosen first and ended then: conditions of
-- one level are tried in any order, and ending is one that does something.
with frozen as materialized (
    select a.pid
    from pg_stat_activity as a
    where a.application_name = %(name)s and a.datname = current_database() and a.pid <> pg_backend_pid()
        and a.xact_start < clock_timestamp() - %(seconds)s * interval '1 second'
        and pg_has_role(a.usesysid, 'USAGE')
)
select pid, pg_terminate_backend(pid) from frozen
