-- Captures at which a resource has more than one state, the latest first, with
-- the number of all of them.
SELECT account, region, resource_type, resource_id, capture_time, states, count(*) OVER () AS captures
FROM (
    SELECT account, region, resource_type, resource_id, capture_time, count(DISTINCT content_hash) AS states
    FROM items
    WHERE {items}
    GROUP BY account, region, resource_type, resource_id, capture_time
    HAVING count(DISTINCT content_hash) > 1
) AS doubled
ORDER BY capture_time DESC, account, region, resource_type, resource_id
LIMIT {limit}
