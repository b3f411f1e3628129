-- The changes of a month without noise, in the order of time: all of them, or of
-- very many those that are {shown}. Where they came from and the hashes are left
-- out: nobody who looks at all changes of a month asks for them. The same change
-- twice would stand side by side, so the reader can drop it.
SELECT
    account, region, resource_type, resource_id,
    capture_time, previous_capture_time, kind, noise, resource_name, {nested tags} AS tags, {nested edits} AS edits,
    actor_id, actor_name, actor_confidence, actor_status, actor_event_id, actor_event_name,
    actor_event_time, actor_candidates
FROM changes
WHERE {changed} AND noise = '' AND {shown}
ORDER BY capture_time, account, region, resource_type, resource_id
