-- The changes of a month without noise, in the order of time: all of them up to
-- {most}; above it those that are {weighty}, and the resources that came back;
-- and where nothing is weighty, the first ones. Where they came from and the
-- hashes are left out: nobody who looks at all changes of a month asks for them.
-- The same change twice would stand side by side, so the reader can drop it.
SELECT
    account, region, resource_type, resource_id,
    capture_time, previous_capture_time, kind, noise, resource_name, {nested tags} AS tags, {nested edits} AS edits,
    actor_id, actor_name, actor_confidence, actor_status, actor_event_id, actor_event_name,
    actor_event_time, actor_candidates,
    whole.size > {most} AS narrowed
FROM changes
CROSS JOIN (
    SELECT
        count(*) AS size, count(CASE WHEN {weighty} THEN 1 END) AS heavy,
        max(CASE WHEN n <= {most} THEN capture_time END) AS full_at
    FROM (
        SELECT resource_type, capture_time, row_number() OVER (ORDER BY capture_time) AS n
        FROM changes
        WHERE {changed} AND noise = ''
    ) AS numbered
) AS whole
WHERE {changed} AND noise = ''
    AND (whole.size <= {most} OR {weighty} OR kind = 'recreated' OR whole.heavy = 0 AND capture_time <= whole.full_at)
ORDER BY capture_time, account, region, resource_type, resource_id
