-- Other objects that may be the same delivery as a troubled one: written for the
-- same account and region at the same time. Their file names decide.
WITH wrong AS (
    SELECT uri, kind, account, region, written_at
    FROM deliveries
    WHERE {place} AND {troubled} AND written_at IS NOT NULL
    GROUP BY uri, kind, account, region, written_at
)
SELECT w.uri, d.uri AS copy_uri, d.key AS copy_key, d.troubled
FROM wrong AS w
JOIN (
    SELECT
        uri, key, kind, account, region, written_at, {troubled} AS troubled,
        row_number() OVER (PARTITION BY uri ORDER BY read_at DESC, batch DESC) AS n
    FROM deliveries
    WHERE {place} AND written_at IN (SELECT written_at FROM wrong)
) AS d
    ON d.account = w.account AND d.region = w.region AND d.kind = w.kind AND d.written_at = w.written_at AND d.uri <> w.uri
WHERE d.n = 1
ORDER BY w.uri, copy_uri
