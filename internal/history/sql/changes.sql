-- Rows of the ledger in the order of a list: by time, ties by resource key.
-- The same change twice would stand side by side, so the reader can drop it.
SELECT
    account, region, resource_type, resource_id,
    capture_time, previous_capture_time, kind, noise, resource_name, arn, {nested tags} AS tags, {nested edits} AS edits,
    hash_before, hash_after,
    actor_id, actor_name, actor_confidence, actor_status, actor_event_id, actor_event_name,
    actor_event_time, actor_candidates,
    source_uri, source_key, source_etag, source_index,
    source_before_uri, source_before_key, source_before_etag, source_before_index
FROM changes
WHERE {changed} AND {noisy} AND {behind}
ORDER BY capture_time {order}, account, region, resource_type, resource_id
{limit}
