/** What each script begins with; its first arguments are the prefix and the idle time. */
const START = `
local prefix, idle = ARGV[1], tonumber(ARGV[2])
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function keyOf(hash) return prefix .. 'token:' .. hash end
local function indexOf(user) return prefix .. 'user:' .. user end

local function touch(key, endsAt)
  -- A full Redis refuses; the session is read all the same.
  redis.pcall('hset', key, 'usedAt', now)
  redis.call('pexpireat', key, math.min(now + idle, endsAt))
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

/** Hash, lifetime, fields. Sessions that are over leave the index. */
export const BEGIN = `${START}
local key, lifetime = keyOf(ARGV[3]), tonumber(ARGV[4])
local fields = cjson.decode(ARGV[5])
local index = indexOf(fields.userId)
for name, value in pairs(fields) do
  redis.call('hset', key, name, value)
end
redis.call('hset', key, 'createdAt', now, 'endsAt', now + lifetime)
touch(key, now + lifetime)

local all = redis.call('hgetall', index)
for i = 1, #all, 2 do
  if redis.call('exists', keyOf(all[i + 1])) == 0 then
    redis.call('hdel', index, all[i])
  end
end
redis.call('hset', index, fields.id, ARGV[3])
if redis.call('pttl', index) < lifetime then
  redis.call('pexpire', index, lifetime)
end
`;

/** Hash, touch time. */
export const READ = `${FIND}
local fields = redis.call('hgetall', key)
if now - usedAt > tonumber(ARGV[4]) then touch(key, endsAt) end
return fields
`;

/** Hash, next hash, patch. The session keeps its id and its end. */
export const WRITE = `${FIND}
local next = keyOf(ARGV[4])
-- First: a full Redis refuses it, and nothing is half done.
redis.call('hset', index, id, ARGV[4])
redis.call('rename', key, next)
for name, value in pairs(cjson.decode(ARGV[5])) do
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
for _, hash in ipairs(redis.call('hvals', indexOf(ARGV[3]))) do
  local fields = redis.call('hgetall', keyOf(hash))
  if #fields > 0 then table.insert(sessions, fields) end
end
return sessions
`;

/** Hash. */
export const LOGOUT = `${FIND}
redis.call('del', key)
return redis.call('hdel', index, id)
`;

/** User, id. */
export const LOGOUT_DEVICE = `${START}
local index = indexOf(ARGV[3])
local hash = redis.call('hget', index, ARGV[4])
if not hash then return 0 end
redis.call('del', keyOf(hash))
return redis.call('hdel', index, ARGV[4])
`;

/** User, the id that stays. */
export const LOGOUT_EVERYWHERE = `${START}
local index = indexOf(ARGV[3])
local all = redis.call('hgetall', index)
for i = 1, #all, 2 do
  if all[i] ~= ARGV[4] then
    redis.call('del', keyOf(all[i + 1]))
    redis.call('hdel', index, all[i])
  end
end
`;
