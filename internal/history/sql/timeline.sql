-- Every item of one resource without its state, in the order of time.
SELECT
    capture_time, content_hash, status, resource_name, arn, availability_zone, version, state_id, creation_time,
    source_uri, source_key, source_etag, source_index
FROM items
WHERE {resource}
ORDER BY capture_time, content_hash, source_uri, source_index
