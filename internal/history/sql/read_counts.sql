-- What was read of AWS Config, each object as it was last read.
SELECT
    count(*) AS objects,
    coalesce(CAST(sum(items_read) AS bigint), 0) AS items_read,
    coalesce(CAST(sum(items_duplicate) AS bigint), 0) AS items_duplicate,
    coalesce(CAST(sum(items_rejected) AS bigint), 0) AS items_rejected
FROM (
    SELECT
        items_read, items_duplicate, items_rejected,
        row_number() OVER (PARTITION BY uri ORDER BY read_at DESC, batch DESC) AS n
    FROM deliveries
    WHERE {read} AND kind NOT IN ('cloudtrail', 'notification')
) AS newest
WHERE n = 1
