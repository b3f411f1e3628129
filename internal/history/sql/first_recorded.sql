-- Of types that are new to their account: when resources that were there before
-- were first recorded. A first item that is a change is a creation, or a deletion.
WITH firsts AS (
    SELECT account, region, resource_type, resource_id, min(capture_time) AS capture_time
    FROM items
    WHERE {pairs} AND status <> 'ResourceNotRecorded'
    GROUP BY account, region, resource_type, resource_id
)
SELECT f.account, f.region, f.resource_type, min(f.capture_time) AS first_recorded, count(*) AS resources
FROM firsts AS f
LEFT JOIN (SELECT * FROM changes WHERE {pairs}) AS c
    ON c.account = f.account AND c.region = f.region
    AND c.resource_type = f.resource_type AND c.resource_id = f.resource_id AND c.capture_time = f.capture_time
WHERE c.id IS NULL
GROUP BY f.account, f.region, f.resource_type
ORDER BY f.account, f.region, first_recorded, f.resource_type
