-- A pick is "picked" until a run has carried it out.
case when c.state = 'resolved' then case when c.applied_at is null then 'picked' else 'applied' end else c.state end
