-- One line of the audit trail.
INSERT INTO glsync.audit (workspace_id, actor, action, subject_type, subject_id, subject_name, before, after)
VALUES (
    :workspace, :actor, :action, :subject, :subject_id, :name, cast(:before AS jsonb), cast(:after AS jsonb)
)
