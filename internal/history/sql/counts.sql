-- The changes of a span and of the spans before it, noise beside them, in one pass:
-- by everything that a summary or a series is split by, hour by hour; the resources
-- that changed in each span, of which each has one account, region and type; and
-- who made the changes. Noise counts in the first of the three only.
-- Innermost, a change that concurrent writers let in twice becomes one: by its key
-- and time, which are read anyway, rather than by its id. An hour begins on the
-- clock of the asked zone: {seconds} since 1970 in UTC, and the {offset} by which
-- that clock was ahead. Resources are grouped first and counted above, which costs
-- half of what count(DISTINCT …) does in every grouping.
SELECT
    account, region, resource_type, kind, noise, hour, span, actor_status, actor_id, actor_name,
    CAST(sum(changes) AS bigint) AS changes, count(changed_id) AS resources
FROM (
    SELECT
        account, region, resource_type, kind, noise, hour, span, changed_id, actor_status, actor_id, actor_name,
        count(*) AS changes
    FROM (
        SELECT
            account, region, resource_type, kind, noise,
            CAST(floor(({seconds} + {offset}) / 3600e0) AS bigint) * 3600 - {offset} AS hour,
            {span} AS span,
            CASE WHEN noise = '' THEN resource_id END AS changed_id,
            CASE WHEN noise = '' THEN coalesce(actor_status, '') END AS actor_status,
            CASE WHEN noise = '' THEN actor_id END AS actor_id,
            CASE WHEN noise = '' THEN actor_name END AS actor_name
        FROM (
            SELECT DISTINCT
                account, region, resource_type, resource_id, capture_time, kind, noise, actor_status, actor_id, actor_name
            FROM changes
            WHERE {changed}
        ) AS once
    ) AS told
    GROUP BY GROUPING SETS (
        (account, region, resource_type, kind, noise, hour, span),
        (account, region, resource_type, span, changed_id),
        (span, actor_status, actor_id, actor_name)
    )
) AS counted
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
ORDER BY 6, 1, 2, 3, 4, 5, 7, 8, 9, 10
