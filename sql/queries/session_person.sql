-- For this transaction: who asks, how long a statement may take where that is given, how long it may wait for what
-- somebody else is changing, and the role of people.
select
    set_config('request.jwt.claims', %(claims)s, true) as claims,
    set_config('statement_timeout', coalesce(%(milliseconds)s, current_setting('statement_timeout')), true) as timeout,
    set_config('lock_timeout', %(lock)s, true) as lock_timeout,
    set_config('role', glsync.session_role(), true) as role
