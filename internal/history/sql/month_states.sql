-- The items of some resources captured at some times, with what lies in their
-- states. The reader takes those it wanted, and of several states of one capture
-- the one that counts. Times stand as values, so that an engine knows the files
-- before it opens any. {hash} is asked for only where nothing else tells two
-- states apart: no other column is as large for what it says.
SELECT
    account, region, resource_type, resource_id, capture_time, {hash} AS content_hash, status, state_id,
    configuration, supplementary_configuration
FROM items
WHERE {seen} AND {resources} AND {times}
