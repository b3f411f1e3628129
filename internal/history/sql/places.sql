-- What was delivered of each account and region, readable or not, and of each
-- account as a whole, which is where the global services come from. An object
-- read twice, or lying under two prefixes, was written at one time.
WITH written AS (
    SELECT account, region, kind, written_at, {seconds} AS written
    FROM deliveries
    WHERE {accounts} AND kind IN ('history', 'snapshot')
        AND written_at IS NOT NULL AND account <> '' AND region <> ''
    GROUP BY account, region, kind, written_at
),
placed AS (
    SELECT account, region, kind, written_at, written FROM written
    UNION
    SELECT account, 'global' AS region, kind, written_at, written FROM written
),
steps AS (
    SELECT
        account, region, kind, written_at,
        written - lag(written) OVER (PARTITION BY account, region, kind ORDER BY written_at) AS seconds
    FROM placed
),
ranked AS (
    SELECT
        account, region, kind, written_at, seconds,
        row_number() OVER (PARTITION BY account, region, kind ORDER BY seconds NULLS LAST) AS n,
        count(seconds) OVER (PARTITION BY account, region, kind) AS steps
    FROM steps
)
SELECT
    account, region, min(written_at) AS first_written, max(written_at) AS last_written,
    count(CASE WHEN kind = 'snapshot' THEN 1 END) AS snapshots,
    avg(CASE WHEN kind = 'snapshot' AND seconds IS NOT NULL AND 2 * n IN (steps, steps + 1, steps + 2)
        THEN seconds END) AS median_seconds
FROM ranked
GROUP BY account, region
ORDER BY account, region
