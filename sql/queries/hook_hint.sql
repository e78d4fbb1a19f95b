-- See that a run of the mapping follows; the id of its log.
select glsync.hint_run(%(mapping)s, %(actor)s, make_interval(secs => %(seconds)s))
