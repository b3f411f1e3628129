-- Objects that could not be read, or not whole, when they were last tried; and
-- beside them what was written at the same time, as it was last read: it may be a
-- copy of one, which its file name decides. All of time is looked at: an object
-- written later may hold what was captured in the month. {near} chooses what may be
-- either, or another reading of either.
WITH ranked AS (
    SELECT
        uri, key, kind, account, region, written_at, read_at, first_capture, last_capture, archived, quarantined,
        row_number() OVER (PARTITION BY uri ORDER BY read_at DESC, batch DESC) AS n
    FROM deliveries
    WHERE {place} AND {near}
)
SELECT uri, key, kind, account, region, written_at, read_at, first_capture, last_capture, archived,
    {nested quarantined} AS quarantined, {troubled} AS troubled
FROM ranked
WHERE n = 1
ORDER BY account, region, written_at, key, uri
