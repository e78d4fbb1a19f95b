-- A message that still has to be delivered.
select d.payload, d.attempts, d.workspace_id, s.id as subscription_id, s.url, s.signing_keys
from glsync.deliveries as d
join glsync.subscriptions as s on s.id = d.subscription_id
where d.id = %(id)s and d.state = 'waiting' and s.enabled
