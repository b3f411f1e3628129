-- How many changes a list would have without a limit.
SELECT count(DISTINCT id) AS changes
FROM changes
WHERE {changed} AND {noisy}
