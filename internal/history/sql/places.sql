-- What was delivered of each account and region, readable or not, and of each
-- account as a whole, which is where the global services come from: one row of a
-- place, and one of each stretch in it without any delivery that is longer than
-- {least} seconds. An object read twice, or lying under two prefixes, was written
-- at one time. All of time is looked at: a place begins with its first delivery,
-- and how often snapshots come is the habit of its whole life.
WITH placed AS (
    SELECT DISTINCT
        account, CASE WHEN whole THEN 'global' ELSE region END AS region, kind, written_at, {seconds} AS written
    FROM deliveries
    CROSS JOIN (SELECT FALSE AS whole UNION ALL SELECT TRUE AS whole) AS sides
    WHERE {accounts} AND kind IN ('history', 'snapshot')
        AND written_at IS NOT NULL AND account <> '' AND region <> ''
),
steps AS (
    SELECT
        account, region, kind, written_at,
        written - lag(written) OVER (PARTITION BY account, region, kind ORDER BY written_at) AS seconds,
        lag(written_at) OVER (PARTITION BY account, region ORDER BY written_at, kind) AS previous,
        written - lag(written) OVER (PARTITION BY account, region ORDER BY written_at, kind) AS silence
    FROM placed
),
ranked AS (
    SELECT
        account, region, kind, written_at, seconds, 1 AS stretch,
        CASE WHEN silence > {least} THEN previous END AS silent_from,
        CASE WHEN silence > {least} THEN written_at END AS silent_to,
        row_number() OVER (PARTITION BY account, region, kind ORDER BY seconds NULLS LAST) AS n,
        count(seconds) OVER (PARTITION BY account, region, kind) AS steps
    FROM steps
)
SELECT
    account, region, stretch IS NULL AS place, silent_from, silent_to,
    min(written_at) AS first_written, max(written_at) AS last_written,
    count(CASE WHEN kind = 'snapshot' THEN 1 END) AS snapshots,
    avg(CASE WHEN kind = 'snapshot' AND seconds IS NOT NULL AND 2 * n IN (steps, steps + 1, steps + 2)
        THEN seconds END) AS median_seconds
FROM ranked
GROUP BY GROUPING SETS ((account, region), (account, region, stretch, silent_from, silent_to))
ORDER BY 1, 2, 4, 5, 3
