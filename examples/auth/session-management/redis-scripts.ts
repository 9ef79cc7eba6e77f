import { MAX_SESSIONS } from './session.ts';

const OURS = `
local function isOurs(id, hash)
  return #id == 36 and string.find(id, '^[%x-]+$')
    and #hash == 64 and string.find(hash, '^%x+$')
end

-- Before the first write: nothing of another program is touched.
local function entriesOf(index)
  local all, entries = redis.call('hgetall', index), {}
  for i = 1, #all, 2 do
    local id, hash = all[i], all[i + 1]
    if not isOurs(id, hash) then
      error(index .. ' is of another program')
    end
    table.insert(entries, { id = id, hash = hash })
  end
  return entries
end
`;

/** What each script begins with; its first arguments are the prefix and the idle time. */
const START = `
local prefix, idle = ARGV[1], tonumber(ARGV[2])
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function keyOf(hash) return prefix .. 'token:' .. hash end
local function indexOf(user) return prefix .. 'user:' .. user end

-- A full Redis refuses the second: what is used goes on.
local function touch(key, endsAt)
  redis.call('pexpireat', key, math.min(now + idle, endsAt))
  redis.call('hset', key, 'usedAt', now)
end

${OURS}
local function drop(index, id, hash)
  redis.call('del', keyOf(hash))
  return redis.call('hdel', index, id)
end
`;

// #region find
/** A session that the index of its user does not have is over. */
const FIND = `${START}
local key = keyOf(ARGV[3])
local id, user, usedAt, endsAt = unpack(
  redis.call('hmget', key, 'id', 'userId', 'usedAt', 'endsAt'))
if not id then return 0 end
local index = indexOf(user)
if redis.call('hget', index, id) ~= ARGV[3] then return 0 end
`;
// #endregion find

/** Hash, lifetime, fields. Sessions that are over, or too many, leave the index. */
export const BEGIN = `${START}
local key, lifetime = keyOf(ARGV[3]), tonumber(ARGV[4])
local fields = cjson.decode(ARGV[5])
local index = indexOf(fields.userId)
local entries, alive = entriesOf(index), {}
for name, value in pairs(fields) do
  redis.call('hset', key, name, value)
end
redis.call('hset', key, 'createdAt', now, 'endsAt', now + lifetime)
touch(key, now + lifetime)

for _, entry in ipairs(entries) do
  entry.usedAt = redis.call('hget', keyOf(entry.hash), 'usedAt')
  if entry.usedAt then table.insert(alive, entry)
  else redis.call('hdel', index, entry.id) end
end
table.sort(alive, function(a, b) return a.usedAt > b.usedAt end)
for i = ${MAX_SESSIONS}, #alive do
  drop(index, alive[i].id, alive[i].hash)
end
redis.call('hset', index, fields.id, ARGV[3])
if redis.call('pttl', index) < lifetime then
  redis.call('pexpire', index, lifetime)
end
`;

/** Hash, touch time. */
export const READ = `${FIND}
local fields = redis.call('hgetall', key)
-- A Redis that refuses to write can still be read.
if now - usedAt > tonumber(ARGV[4]) then pcall(touch, key, endsAt) end
return fields
`;

/** Hash, next hash, patch. The session keeps its id and its end. */
export const WRITE = `${FIND}
local next, patch = keyOf(ARGV[4]), cjson.decode(ARGV[5])
-- First: a full Redis refuses it, and nothing is half done.
redis.call('hset', index, id, ARGV[4])
redis.call('rename', key, next)
for name, value in pairs(patch) do
  if value == cjson.null then
    redis.call('hdel', next, name)
  else
    redis.call('hset', next, name, value)
  end
end
touch(next, endsAt)
return 1
`;

/** User. */
export const LIST = `${START}
local sessions = {}
for _, entry in ipairs(entriesOf(indexOf(ARGV[3]))) do
  local fields = redis.call('hgetall', keyOf(entry.hash))
  if #fields > 0 then table.insert(sessions, fields) end
end
return sessions
`;

/** Hash. */
export const LOGOUT = `${FIND}
return drop(index, id, ARGV[3])
`;

/** User, id. */
export const LOGOUT_DEVICE = `${START}
local index, id = indexOf(ARGV[3]), ARGV[4]
local hash = redis.call('hget', index, id)
if not hash or not isOurs(id, hash) then return 0 end
return drop(index, id, hash)
`;

/** User, the id that stays. */
export const LOGOUT_EVERYWHERE = `${START}
local index = indexOf(ARGV[3])
for _, entry in ipairs(entriesOf(index)) do
  if entry.id ~= ARGV[4] then drop(index, entry.id, entry.hash) end
end
`;
