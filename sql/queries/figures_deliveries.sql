-- Messages of webhooks that go out, by state.
select d.state, count(*) as deliveries
from glsync.deliveries as d
where %(workspace)s::uuid is null or d.workspace_id = %(workspace)s::uuid
group by d.state
