-- How many resources changed, noise left out. A resource has one account, region
-- and type, so that the figures of these groups can be added up.
SELECT account, region, resource_type, count(DISTINCT resource_id) AS resources
FROM changes
WHERE {changed} AND noise = ''
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
