-- The resources of which any item bears a name, id or ARN that fits, each as its
-- last item calls it.
WITH fitting AS (
    SELECT DISTINCT account, region, resource_type, resource_id
    FROM items
    WHERE {subject} AND {fits}
)
SELECT
    i.account, i.region, i.resource_type, i.resource_id,
    max_by(i.resource_name, i.capture_time) AS resource_name,
    max_by(i.arn, i.capture_time) AS arn,
    max(i.capture_time) AS last_seen
FROM items AS i
JOIN fitting AS f
    ON i.account = f.account AND i.region = f.region
    AND i.resource_type = f.resource_type AND i.resource_id = f.resource_id
GROUP BY i.account, i.region, i.resource_type, i.resource_id
ORDER BY last_seen DESC, 1, 2, 3, 4
{limit}
