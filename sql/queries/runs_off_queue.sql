-- Cancel the job of a run unless a worker has it; a run without a job is worked on by the process that made it.
select glsync.take_off_queue(%(log)s)
