-- The states around a month's changes of some types, the latest {most} of them: the
-- items captured when a change showed, and the last item with a state before it.
-- That may be years back, so items are looked for in all of time; what lies in a
-- state is read of these items only. Where one capture has two states, the reader
-- takes the one that counts.
WITH wanted AS (
    SELECT account, region, resource_type, resource_id, capture_time
    FROM changes
    WHERE {changed} AND noise = ''
    ORDER BY capture_time DESC, account, region, resource_type, resource_id
    LIMIT {most}
),
sides AS (
    SELECT account, region, resource_type, resource_id, capture_time AS change_time, capture_time
    FROM wanted
    UNION
    SELECT
        w.account, w.region, w.resource_type, w.resource_id, w.capture_time AS change_time,
        max(i.capture_time) AS capture_time
    FROM (SELECT * FROM items WHERE {seen} AND {live}) AS i
    JOIN wanted AS w
        ON w.account = i.account AND w.region = i.region
        AND w.resource_type = i.resource_type AND w.resource_id = i.resource_id
        AND w.capture_time > i.capture_time
    GROUP BY w.account, w.region, w.resource_type, w.resource_id, w.capture_time
)
SELECT
    i.account, i.region, i.resource_type, i.resource_id, s.change_time,
    i.capture_time, i.content_hash, i.status, i.state_id, i.configuration, i.supplementary_configuration
FROM (SELECT * FROM items WHERE {seen}) AS i
JOIN sides AS s
    ON s.account = i.account AND s.region = i.region
    AND s.resource_type = i.resource_type AND s.resource_id = i.resource_id
    AND s.capture_time = i.capture_time
ORDER BY s.change_time, 1, 2, 3, 4, i.capture_time, i.content_hash, i.state_id
