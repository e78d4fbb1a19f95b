-- When a worker last gave a sign of life, and whether one is at hand.
select max(w.last_heartbeat) as seen, coalesce(max(w.last_heartbeat) > now() - interval '10 seconds', false) as is_alive
from glsync_queue.procrastinate_workers as w
