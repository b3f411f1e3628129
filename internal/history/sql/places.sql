-- What was delivered of each account and region, readable or not, and of each
-- account as a whole, which is where the global services come from: one row of a
-- place, and one of each stretch in it without any delivery that is longer than
-- {least} seconds. An object read twice, or lying under two prefixes, was written
-- at one time. All of time is looked at: a place begins with its first delivery,
-- and how often snapshots come is the habit of its whole life.
-- Beside them, of no account, stands each time at which something was written that
-- could not be read, or not whole, whenever it was tried; what is no delivery of a
-- place counts for that only.
WITH written AS (
    SELECT
        account, region, kind, written_at, {troubled} AS troubled,
        kind IN ('history', 'snapshot') AND written_at IS NOT NULL AND account <> '' AND region <> '' AS counted
    FROM deliveries
    WHERE {accounts}
),
placed AS (
    SELECT
        CASE WHEN counted THEN account ELSE '' END AS account,
        CASE WHEN NOT counted THEN '' WHEN whole THEN 'global' ELSE region END AS region,
        CASE WHEN counted THEN kind ELSE '' END AS kind,
        CASE WHEN counted OR troubled THEN written_at END AS written_at,
        CASE WHEN counted THEN {seconds} END AS written,
        max(CASE WHEN troubled THEN 1 ELSE 0 END) AS troubled
    FROM written
    CROSS JOIN (SELECT FALSE AS whole UNION ALL SELECT TRUE AS whole) AS sides
    GROUP BY 1, 2, 3, 4, 5
),
steps AS (
    SELECT
        account, region, kind, written_at, troubled,
        written - lag(written) OVER (PARTITION BY account, region, kind ORDER BY written_at) AS seconds,
        lag(written_at) OVER (PARTITION BY account, region ORDER BY written_at, kind) AS previous,
        written - lag(written) OVER (PARTITION BY account, region ORDER BY written_at, kind) AS silence
    FROM placed
),
ranked AS (
    SELECT
        account, region, kind, written_at, troubled, seconds, 1 AS stretch,
        CASE WHEN troubled = 1 THEN written_at END AS troubled_at,
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
        THEN seconds END) AS median_seconds,
    max(troubled) AS troubled, troubled_at
FROM ranked
GROUP BY GROUPING SETS (
    (account, region),
    (account, region, stretch, silent_from, silent_to),
    (stretch, troubled, troubled_at)
)
ORDER BY 1, 2, 4, 5, 3, 11
