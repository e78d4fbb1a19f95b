-- Messages to one address, newest first.
select d.id, d.event, d.state, d.attempts, d.status, d.said, d.created_at, d.next_at, d.ended_at
from glsync.deliveries as d
where d.subscription_id = %(subscription)s
order by d.created_at desc, d.id
limit %(limit)s
