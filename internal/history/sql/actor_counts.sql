-- Who made the changes of a span, noise left out. Ambiguous and unknown ones
-- have no id: their status tells them apart.
SELECT actor_status, actor_id, actor_name, {n} AS changes
FROM changes
WHERE {changed} AND noise = ''
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
