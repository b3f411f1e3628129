-- How many items there are, and how many rows repeat one of them.
SELECT count(*) AS items, coalesce(CAST(sum(copies - 1) AS bigint), 0) AS repeated
FROM (
    SELECT count(*) AS copies
    FROM items
    WHERE {items}
    GROUP BY account, region, resource_type, resource_id, capture_time, content_hash
) AS distinct_items
