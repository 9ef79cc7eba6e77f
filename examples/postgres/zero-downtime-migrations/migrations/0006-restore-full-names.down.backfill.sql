-- Only on the way down, once 0007 has given the column back.
with batch as (
  select id
  from users
  where $1::bigint is null or id > $1
  order by id
  limit $2
  for no key update
), touched as (
  update users
  set given_name = given_name
  from batch
  where users.id = batch.id
    and full_name is null
)
select max(id)::text as last
from batch
