-- The changes of a span, noise beside them, by everything a summary is split by.
-- A day is a number of days since 1970-01-01 on the clock of the asked zone:
-- {seconds} since 1970 in UTC, and the {offset} by which that clock was ahead.
SELECT
    account, region, resource_type, kind, noise,
    CAST(floor(({seconds} + {offset}) / 86400e0) AS bigint) AS day,
    {n} AS changes
FROM changes
WHERE {changed}
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2, 3, 4, 5, 6
