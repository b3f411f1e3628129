-- Stretches without any delivery that are longer than {least} seconds, of accounts and
-- regions and of accounts as a whole.
WITH written AS (
    SELECT account, region, written_at, {seconds} AS written
    FROM deliveries
    WHERE {accounts} AND kind IN ('history', 'snapshot')
        AND written_at IS NOT NULL AND account <> '' AND region <> ''
    GROUP BY account, region, written_at
),
placed AS (
    SELECT account, region, written_at, written FROM written
    UNION
    SELECT account, 'global' AS region, written_at, written FROM written
),
steps AS (
    SELECT
        account, region, written_at,
        lag(written_at) OVER (PARTITION BY account, region ORDER BY written_at) AS previous,
        written - lag(written) OVER (PARTITION BY account, region ORDER BY written_at) AS seconds
    FROM placed
)
SELECT account, region, previous, written_at
FROM steps
WHERE seconds > {least}
ORDER BY account, region, previous
