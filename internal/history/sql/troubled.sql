-- Objects that could not be read, or not whole, when they were last tried.
WITH ranked AS (
    SELECT
        uri, key, kind, account, region, written_at, read_at, first_capture, last_capture, archived, quarantined,
        row_number() OVER (PARTITION BY uri ORDER BY read_at DESC, batch DESC) AS n
    FROM deliveries
    WHERE uri IN (SELECT uri FROM deliveries WHERE {place} AND {troubled})
)
SELECT uri, key, kind, account, region, written_at, read_at, first_capture, last_capture, archived, quarantined
FROM ranked
WHERE n = 1 AND {troubled}
ORDER BY account, region, written_at, key, uri
