-- Which database this is. The server's number is made when its data folder is and stays through restarts and new names;
-- a role that may not ask for it goes without.
select
    case
        when has_function_privilege('pg_control_system()', 'execute')
            then (select system_identifier::text from pg_control_system())
    end as server,
    d.oid::bigint as number,
    current_setting('server_version_num')::integer / 10000 as version,
    d.datname as name
from pg_database as d
where d.datname = current_database()
