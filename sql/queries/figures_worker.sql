-- Seconds since a worker last gave a sign of life, null when none ever did; how many are alive. Workers serve everybody.
select
    extract(epoch from now() - max(w.last_heartbeat))::float as age,
    count(*) filter (where w.last_heartbeat > now() - interval '10 seconds') as alive
from glsync_queue.procrastinate_workers as w
where %(workspace)s::uuid is null or true
