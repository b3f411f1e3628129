-- When recording of a type ended, and when an item with a state came again: the
-- turns between the two, for the types that have any end.
WITH ended AS (
    SELECT account, region, resource_type
    FROM items
    WHERE {subject} AND status = 'ResourceNotRecorded'
    GROUP BY account, region, resource_type
),
seen AS (
    SELECT
        i.account, i.region, i.resource_type, i.capture_time,
        max(CASE WHEN i.status = 'ResourceNotRecorded' THEN 1 ELSE 0 END) AS ended
    FROM (SELECT * FROM items WHERE {subject}) AS i
    JOIN ended AS e ON e.account = i.account AND e.region = i.region AND e.resource_type = i.resource_type
    WHERE i.status NOT IN ('ResourceDeleted', 'ResourceDeletedNotRecorded')
    GROUP BY i.account, i.region, i.resource_type, i.capture_time
),
steps AS (
    SELECT
        account, region, resource_type, capture_time, ended,
        lag(ended) OVER (PARTITION BY account, region, resource_type ORDER BY capture_time) AS ended_before
    FROM seen
)
SELECT account, region, resource_type, capture_time, ended = 1 AS ended
FROM steps
WHERE ended <> coalesce(ended_before, 0)
ORDER BY account, region, resource_type, capture_time
