-- When a worker last gave a sign of life, and whether one is at hand.
select w.seen, w.is_alive
from glsync.worker_seen() as w
