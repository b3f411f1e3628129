-- How many records of items lie in the folders of some days, a snapshot's
-- repetitions included, by what the item says of itself and the month of its folder.
SELECT
    resource_type, resource_name, told_account AS account, told_region AS region, folder_year, folder_month,
    count(*) AS records
FROM (
{records}
) AS records
WHERE {told}
GROUP BY resource_type, resource_name, told_account, told_region, folder_year, folder_month
ORDER BY resource_type, resource_name, account, region, folder_year, folder_month
