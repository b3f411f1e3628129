-- The accounts and regions that have items, in the order of keys.
SELECT account, region
FROM items
WHERE {seen} AND {subject}
GROUP BY account, region
ORDER BY 1, 2
