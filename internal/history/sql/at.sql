-- The last items of every resource up to an instant: the one seen last, and the
-- one that last had a state or ended it (another only where recording stopped).
-- One capture time can hold several rows; the reader keeps the one of highest rank.
WITH sighted AS (
    SELECT
        account, region, resource_type, resource_id,
        min(capture_time) AS first_seen,
        max(capture_time) AS last_seen,
        max(CASE WHEN status <> 'ResourceNotRecorded' THEN capture_time END) AS last_state
    FROM items
    WHERE {seen} AND {subject}
    GROUP BY account, region, resource_type, resource_id
),
changed AS (
    SELECT
        account, region, resource_type, resource_id,
        max(capture_time) AS change_time,
        max_by(kind, capture_time) AS change_kind
    FROM changes
    WHERE {seen} AND {subject}
    GROUP BY account, region, resource_type, resource_id
)
SELECT
    s.account, s.region, s.resource_type, s.resource_id,
    s.first_seen, s.last_seen, s.last_state, c.change_time, c.change_kind,
    i.capture_time, i.content_hash, i.status, i.resource_name, i.arn, i.availability_zone, i.version, i.state_id,
    i.creation_time, {nested i.tags} AS tags, {nested i.relationships} AS relationships,
    i.configuration, i.supplementary_configuration, i.redaction_version,
    i.source_uri, i.source_key, i.source_etag, i.source_index
FROM sighted AS s
JOIN (SELECT * FROM items WHERE {seen} AND {subject}) AS i
    ON i.account = s.account AND i.region = s.region
    AND i.resource_type = s.resource_type AND i.resource_id = s.resource_id
    AND (i.capture_time = s.last_state OR i.capture_time = s.last_seen)
LEFT JOIN changed AS c
    ON c.account = s.account AND c.region = s.region
    AND c.resource_type = s.resource_type AND c.resource_id = s.resource_id
ORDER BY 1, 2, 3, 4, i.capture_time, i.content_hash, i.source_uri, i.source_index
