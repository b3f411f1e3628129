-- What recorders came to record, and what they no longer did. All of time is looked
-- at: whether a type is new to an account, and whether recording of it has ended,
-- is told by its first and last items, however long ago they were captured. Single
-- resources are looked at only of types that came lately.
-- "recorded": of types that came to an account after its first delivery, when
-- resources that were there before were first recorded. A first item that is a
-- change is a creation, or a deletion.
-- "ended" and "resumed": when recording of a type ended, and when an item with a
-- state came again, for the types that have any end.
WITH began AS (
    SELECT account, min(written_at) AS began
    FROM deliveries
    WHERE {accounts} AND kind IN ('history', 'snapshot')
        AND written_at IS NOT NULL AND account <> '' AND region <> ''
    GROUP BY account
),
newcomers AS (
    SELECT t.account, t.resource_type, t.first_capture, b.began
    FROM (
        SELECT account, resource_type, min(capture_time) AS first_capture
        FROM items
        WHERE {everywhere} AND status <> 'ResourceNotRecorded'
        GROUP BY account, resource_type
        HAVING {new}
    ) AS t
    JOIN began AS b ON b.account = t.account
    WHERE t.first_capture > b.began
),
firsts AS (
    SELECT
        i.account, i.region, i.resource_type, i.resource_id, n.first_capture, n.began,
        min(i.capture_time) AS capture_time
    FROM (SELECT * FROM items WHERE {everywhere} AND {since} AND status <> 'ResourceNotRecorded') AS i
    JOIN newcomers AS n ON n.account = i.account AND n.resource_type = i.resource_type
    GROUP BY i.account, i.region, i.resource_type, i.resource_id, n.first_capture, n.began
),
ended AS (
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
turns AS (
    SELECT
        account, region, resource_type, capture_time, ended,
        lag(ended) OVER (PARTITION BY account, region, resource_type ORDER BY capture_time) AS ended_before
    FROM seen
)
SELECT
    'recorded' AS what, f.account, f.region, f.resource_type, min(f.capture_time) AS capture_time,
    f.first_capture, f.began
FROM firsts AS f
LEFT JOIN (SELECT * FROM changes WHERE {everywhere} AND {since}) AS c
    ON c.account = f.account AND c.region = f.region
    AND c.resource_type = f.resource_type AND c.resource_id = f.resource_id AND c.capture_time = f.capture_time
WHERE c.account IS NULL
GROUP BY f.account, f.region, f.resource_type, f.first_capture, f.began
UNION ALL
SELECT
    CASE WHEN ended = 1 THEN 'ended' ELSE 'resumed' END AS what, account, region, resource_type, capture_time,
    capture_time AS first_capture, capture_time AS began
FROM turns
WHERE ended <> coalesce(ended_before, 0)
ORDER BY 2, 3, 4, 5, 1
