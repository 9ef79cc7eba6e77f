-- #region split-names
-- $1 is the last key of the batch before, $2 how many rows to take.
-- An update that changes nothing is enough: the trigger splits.
with batch as (
  select id
  from users
  where $1::bigint is null or id > $1
  order by id
  limit $2
  for no key update
), touched as (
  update users
  set full_name = full_name
  from batch
  where users.id = batch.id
    and given_name is null
)
select max(id)::text as last
from batch
-- #endregion split-names
