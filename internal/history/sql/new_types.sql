-- When each account first had an item of each type.
SELECT account, resource_type, min(capture_time) AS first_capture
FROM items
WHERE {subject} AND status <> 'ResourceNotRecorded'
GROUP BY account, resource_type
ORDER BY account, resource_type
