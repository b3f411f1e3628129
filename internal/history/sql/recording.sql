-- What recorders came to record, and what they no longer did. All of time is looked
-- at: whether a type is new to an account, and whether recording of it has ended,
-- is told by its first and last items, however long ago they were captured. Single
-- resources are looked at only of types that came lately, and within a day of the
-- type's first item: what is recorded later came by itself. Whether an account was
-- delivered before a type came to it is for the reader, who knows all deliveries.
-- "recorded": of types that came to an account, when resources that were there
-- before were first recorded. A first item that is a change is a creation, or a
-- deletion.
-- "ended" and "resumed": when recording of a type ended, and when an item with a
-- state came again, for the types that have any end.
-- Times are compared in the joins too, so that Trino hands the few there are on to
-- the side with the many items before it opens a file of them.
WITH newcomers AS (
    SELECT account, resource_type, min(capture_time) AS first_capture, min(capture_time) + INTERVAL '1' DAY AS batched
    FROM items
    WHERE {everywhere} AND status <> 'ResourceNotRecorded'
    GROUP BY account, resource_type
    HAVING {new}
),
firsts AS (
    SELECT
        i.account, i.region, i.resource_type, i.resource_id, n.first_capture,
        min(i.capture_time) AS capture_time
    FROM (SELECT * FROM items WHERE {everywhere} AND {since} AND status <> 'ResourceNotRecorded') AS i
    JOIN newcomers AS n
        ON n.account = i.account AND n.resource_type = i.resource_type
        AND i.capture_time >= n.first_capture AND i.capture_time <= n.batched
    GROUP BY i.account, i.region, i.resource_type, i.resource_id, n.first_capture
),
ended AS (
    SELECT account, region, resource_type, min(capture_time) AS ended_at
    FROM items
    WHERE {subject} AND status = 'ResourceNotRecorded'
    GROUP BY account, region, resource_type
),
seen AS (
    SELECT
        i.account, i.region, i.resource_type, i.capture_time,
        max(CASE WHEN i.status = 'ResourceNotRecorded' THEN 1 ELSE 0 END) AS ended
    FROM (SELECT * FROM items WHERE {subject}) AS i
    JOIN ended AS e
        ON e.account = i.account AND e.region = i.region AND e.resource_type = i.resource_type
        AND i.capture_time >= e.ended_at
    WHERE i.status NOT IN ('ResourceDeleted', 'ResourceDeletedNotRecorded')
    GROUP BY i.account, i.region, i.resource_type, i.capture_time
),
turns AS (
    SELECT
        account, region, resource_type, capture_time, ended,
        lag(ended) OVER (PARTITION BY account, region, resource_type ORDER BY capture_time) AS ended_before
    FROM seen
)
SELECT
    'recorded' AS what, f.account, f.region, f.resource_type, min(f.capture_time) AS capture_time,
    f.first_capture
FROM firsts AS f
LEFT JOIN (SELECT * FROM changes WHERE {everywhere} AND {since}) AS c
    ON c.account = f.account AND c.region = f.region
    AND c.resource_type = f.resource_type AND c.resource_id = f.resource_id AND c.capture_time = f.capture_time
WHERE c.account IS NULL
GROUP BY f.account, f.region, f.resource_type, f.first_capture
UNION ALL
SELECT
    CASE WHEN ended = 1 THEN 'ended' ELSE 'resumed' END AS what, account, region, resource_type, capture_time,
    capture_time AS first_capture
FROM turns
WHERE ended <> coalesce(ended_before, 0)
ORDER BY 2, 3, 4, 5, 1
