-- Of the items in raw folders those that may show a change: a resource's first
-- one, and each whose state differs as text from the item before it, as far as
-- the resource has any such item within the span. Whether it is a change is
-- decided where states are compared. All other items come as one row for each
-- account, region and type, and those that can't be placed as one for each
-- object, so that one pass over the files tells how many there are of each.
WITH records AS (
{records}
),
located AS (
    SELECT
        CASE
            WHEN regexp_like(told_account, '^[0-9]+$') AND length(told_account) = 12 THEN told_account
            WHEN arn LIKE 'arn:%' AND regexp_like(split_part(arn, ':', 5), '^[0-9]+$') AND length(split_part(arn, ':', 5)) = 12 THEN split_part(arn, ':', 5)
            ELSE folder_account
        END AS account,
        CASE
            WHEN told_region = 'global' OR regexp_like(told_region, '^[a-z0-9]+-[a-z0-9]+(-[a-z0-9]+)+$') THEN told_region
            WHEN resource_type LIKE 'AWS::IAM::%' THEN 'global'
            WHEN arn LIKE 'arn:%' AND regexp_like(split_part(arn, ':', 4), '^[a-z0-9]+-[a-z0-9]+(-[a-z0-9]+)+$') THEN split_part(arn, ':', 4)
            ELSE folder_region
        END AS region,
        resource_type, resource_id, resource_name, arn, availability_zone, version, status, captured_text,
        try(from_iso8601_timestamp(captured_text)) AS captured,
        try(from_iso8601_timestamp(created_text)) AS created,
        coalesce(try_cast(state_id AS bigint), -1) AS state_id,
        configuration, supplementary_configuration, relationships, tags,
        folder_account, source_uri, source_index
    FROM records
),
placed AS (
    SELECT
        *,
        CASE
            WHEN coalesce(resource_type, '') = '' OR coalesce(resource_id, '') = '' THEN 'bad_item'
            WHEN captured IS NULL OR year(captured) NOT BETWEEN 1970 AND 2999 THEN 'bad_item'
            WHEN account <> folder_account THEN 'account_mismatch'
            ELSE ''
        END AS flaw,
        concat(
            CASE
                WHEN status IN ('ResourceDeleted', 'ResourceDeletedNotRecorded') THEN 'deleted'
                WHEN status = 'ResourceNotRecorded' THEN 'unrecorded'
                ELSE 'live'
            END,
            to_hex(sha256(to_utf8(coalesce(configuration, '')))),
            to_hex(sha256(to_utf8(coalesce(supplementary_configuration, '')))),
            to_hex(sha256(to_utf8(coalesce(relationships, '')))),
            to_hex(sha256(to_utf8(coalesce(tags, ''))))
        ) AS state
    FROM located
),
items AS (
    SELECT
        CASE WHEN flaw = '' THEN account END AS account,
        CASE WHEN flaw = '' THEN region END AS region,
        CASE WHEN flaw = '' THEN resource_type END AS resource_type,
        CASE WHEN flaw = '' THEN resource_id END AS resource_id,
        CASE WHEN flaw = '' THEN captured END AS captured,
        CASE WHEN flaw = '' THEN state END AS state,
        CASE WHEN flaw <> '' THEN source_uri END AS flawed_uri,
        flaw,
        max(captured_text) AS captured_text, max(status) AS status, max(resource_name) AS resource_name, max(arn) AS arn,
        max(availability_zone) AS availability_zone, max(version) AS version, max(state_id) AS state_id, max(created) AS created,
        arbitrary(configuration) AS configuration, arbitrary(supplementary_configuration) AS supplementary_configuration,
        arbitrary(relationships) AS relationships, arbitrary(tags) AS tags,
        min(source_uri) AS source_uri, min_by(source_index, source_uri) AS source_index,
        max(CASE WHEN {named} THEN 1 ELSE 0 END) AS named,
        count(*) AS copies
    FROM placed
    WHERE flaw <> '' OR captured < {to} AND {subject}
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
),
neighbours AS (
    SELECT
        *,
        lag(state) OVER (PARTITION BY account, region, resource_type, resource_id ORDER BY captured, state_id, state) AS state_before,
        lag(captured) OVER (PARTITION BY account, region, resource_type, resource_id ORDER BY captured, state_id, state) AS captured_before,
        lag(captured_text) OVER (PARTITION BY account, region, resource_type, resource_id ORDER BY captured, state_id, state) AS before_text,
        lag(source_uri) OVER (PARTITION BY account, region, resource_type, resource_id ORDER BY captured, state_id, state) AS before_uri,
        lag(source_index) OVER (PARTITION BY account, region, resource_type, resource_id ORDER BY captured, state_id, state) AS before_index,
        lead(captured) OVER (PARTITION BY account, region, resource_type, resource_id ORDER BY captured, state_id, state) AS captured_behind,
        max(named) OVER (PARTITION BY account, region, resource_type, resource_id) AS meant
    FROM items
),
told AS (
    SELECT
        *,
        CASE
            WHEN flaw <> '' THEN 0
            WHEN state_before IS NULL OR state_before <> state THEN 1
            WHEN captured = captured_before OR captured = captured_behind THEN 1
            ELSE 0
        END AS differs,
        CASE WHEN captured >= {from} THEN 1 ELSE 0 END AS inside,
        CASE WHEN captured_before IS NULL OR captured_before < captured THEN 1 ELSE 0 END AS newly
    FROM neighbours
    WHERE flaw <> '' OR meant = 1
),
chosen AS (
    SELECT
        *,
        differs * max(differs * inside) OVER (PARTITION BY account, region, resource_type, resource_id) AS kept
    FROM told
)
SELECT
    account, region, resource_type,
    CASE WHEN kept = 1 THEN resource_id END AS resource_id,
    CASE WHEN kept = 1 THEN captured END AS captured,
    flaw, flawed_uri,
    CAST(sum(CASE WHEN flaw <> '' THEN copies ELSE copies * inside END) AS bigint) AS records,
    CAST(sum(CASE WHEN flaw <> '' THEN 0 ELSE newly * inside END) AS bigint) AS captures,
    max(CASE WHEN kept = 1 THEN captured_text END) AS captured_text,
    max(CASE WHEN kept = 1 THEN captured_before END) AS captured_before,
    max(CASE WHEN kept = 1 THEN before_text END) AS before_text,
    max(CASE WHEN kept = 1 THEN status END) AS status,
    max(CASE WHEN kept = 1 THEN resource_name END) AS resource_name,
    max(CASE WHEN kept = 1 THEN arn END) AS arn,
    max(CASE WHEN kept = 1 THEN availability_zone END) AS availability_zone,
    max(CASE WHEN kept = 1 THEN version END) AS version,
    max(CASE WHEN kept = 1 THEN state_id END) AS state_id,
    max(CASE WHEN kept = 1 THEN created END) AS created,
    arbitrary(CASE WHEN kept = 1 THEN configuration END) AS configuration,
    arbitrary(CASE WHEN kept = 1 THEN supplementary_configuration END) AS supplementary_configuration,
    arbitrary(CASE WHEN kept = 1 THEN relationships END) AS relationships,
    arbitrary(CASE WHEN kept = 1 THEN tags END) AS tags,
    max(CASE WHEN kept = 1 THEN source_uri END) AS source_uri,
    max(CASE WHEN kept = 1 THEN source_index END) AS source_index,
    max(CASE WHEN kept = 1 THEN before_uri END) AS before_uri,
    max(CASE WHEN kept = 1 THEN before_index END) AS before_index,
    min(CASE WHEN flaw <> '' THEN source_index END) AS flawed_index
FROM chosen
GROUP BY
    account, region, resource_type, flaw, flawed_uri,
    CASE WHEN kept = 1 THEN resource_id END, CASE WHEN kept = 1 THEN captured END, CASE WHEN kept = 1 THEN state END
ORDER BY account, region, resource_type, resource_id, captured, state_id
