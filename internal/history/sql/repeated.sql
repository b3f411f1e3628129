-- How many rows of a span tell a change that another row tells too.
SELECT count(*) - count(DISTINCT id) AS repeated
FROM changes
WHERE {changed}
