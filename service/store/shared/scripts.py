"""What Redis does in one step each. ``s`` is what the keys of a session begin with.

Keys of a session: ``lease`` the token of the process that has it; ``queue`` tokens that wait for
it, and ``waiter:<token>`` as long as one does; ``unclean`` a token that was not given back;
``stamp`` goes up with every write; ``records`` and ``files`` by path; ``logs`` paths of journals,
``log:<path>`` each.

Others: ``ages`` sessions by the time of their last write; ``refs`` how many files of sessions an
object is; ``garbage`` objects by the time from which on they may be removed.

The writing scripts answer {1, stamp}, or {0, 0} where the token has lost the session.
"""

from __future__ import annotations

_FENCE = """
local s, token = ARGV[1], ARGV[2]
if redis.call('GET', s .. 'lease') ~= token then return {0, 0} end
"""

# What is kept for a session that has no record (yet, or any more) is found by its age, and goes.
_AGED = """
local function aged(now)
  local session = string.sub(s, #'excel-tools:s:' + 1, -2)
  redis.call('ZADD', 'excel-tools:ages', 'NX', now, session)
end
"""

_FILES = """
local function let_go(object, due)
  if redis.call('HINCRBY', 'excel-tools:refs', object, -1) <= 0 then
    redis.call('HDEL', 'excel-tools:refs', object)
    redis.call('ZADD', 'excel-tools:garbage', due, object)
  end
end
local function object_of(file) return string.match(file, '^[^/]+') end
"""

SCRIPTS = {
    # s, token, milliseconds that it lasts, milliseconds between two looks at most, stay in line
    "take": """
local s, token = ARGV[1], ARGV[2]
local holder = redis.call('GET', s .. 'lease')
if holder ~= token then
  local first = redis.call('LINDEX', s .. 'queue', 0)
  while first and first ~= token and redis.call('EXISTS', s .. 'waiter:' .. first) == 0 do
    redis.call('LPOP', s .. 'queue')
    first = redis.call('LINDEX', s .. 'queue', 0)
  end
  if holder or (first and first ~= token) then
    if ARGV[5] == '1' then
      if redis.call('EXISTS', s .. 'waiter:' .. token) == 0 then
        redis.call('LREM', s .. 'queue', 0, token)
        redis.call('RPUSH', s .. 'queue', token)
      end
      redis.call('SET', s .. 'waiter:' .. token, '1', 'PX', ARGV[4])
      redis.call('PEXPIRE', s .. 'queue', 600000)
    end
    return {0, 0, 0, 0}
  end
  if first then
    redis.call('LPOP', s .. 'queue')
    redis.call('DEL', s .. 'waiter:' .. token)
  end
  redis.call('SET', s .. 'lease', token, 'PX', ARGV[3])
end
local unclean = redis.call('EXISTS', s .. 'unclean')
redis.call('SET', s .. 'unclean', token, 'EX', 2592000)
local stamp = tonumber(redis.call('GET', s .. 'stamp') or '0')
return {1, stamp, unclean, redis.call('LLEN', s .. 'queue')}
""",
    # s, token
    "leave_line": """
redis.call('LREM', ARGV[1] .. 'queue', 0, ARGV[2])
redis.call('DEL', ARGV[1] .. 'waiter:' .. ARGV[2])
""",
    # s, token
    "give": """
local s, token = ARGV[1], ARGV[2]
if redis.call('GET', s .. 'lease') ~= token then return 0 end
redis.call('DEL', s .. 'lease')
if redis.call('GET', s .. 'unclean') == token then redis.call('DEL', s .. 'unclean') end
return 1
""",
    # s, token, milliseconds
    "renew": """
local s = ARGV[1]
if redis.call('GET', s .. 'lease') ~= ARGV[2] then return {0, 0} end
redis.call('PEXPIRE', s .. 'lease', ARGV[3])
return {1, redis.call('LLEN', s .. 'queue')}
""",
    # s, known stamp
    "found": """
local s = ARGV[1]
local record = redis.call('HGET', s .. 'records', 'session.json')
if not record then return {-1, ''} end
local stamp = redis.call('GET', s .. 'stamp') or '0'
if stamp == ARGV[2] then return {tonumber(stamp), ''} end
return {tonumber(stamp), record}
""",
    # s, token, path, record, key of the session, now, only over another
    "write": _FENCE
    + """
if ARGV[7] == '1' and redis.call('HEXISTS', s .. 'records', ARGV[3]) == 0 then return {2, 0} end
redis.call('HSET', s .. 'records', ARGV[3], ARGV[4])
redis.call('ZADD', 'excel-tools:ages', ARGV[6], ARGV[5])
return {1, redis.call('INCR', s .. 'stamp')}
""",
    # s, token, path, line, where the journal must end (-1: anywhere), now
    "append": _FENCE
    + _AGED
    + """
local log, line, at = s .. 'log:' .. ARGV[3], ARGV[4], tonumber(ARGV[5])
local length = redis.call('STRLEN', log)
if at ~= length then
  -- A request that was sent again because its answer was lost has been done already.
  local done = length >= #line and redis.call('GETRANGE', log, length - #line, -1) == line
  if done and (at < 0 or length == at + #line) then
    return {1, tonumber(redis.call('GET', s .. 'stamp') or '0')}
  end
  if at >= 0 then return {2, length} end
end
redis.call('APPEND', log, line)
redis.call('SADD', s .. 'logs', ARGV[3])
aged(ARGV[6])
return {1, redis.call('INCR', s .. 'stamp')}
""",
    # s, token, path, object, size, now, when what it replaces may be removed
    "keep": _FENCE
    + _AGED
    + _FILES
    + """
local object, file = ARGV[4], ARGV[4] .. '/' .. ARGV[5]
local before = redis.call('HGET', s .. 'files', ARGV[3])
if before == file then return {1, tonumber(redis.call('GET', s .. 'stamp') or '0')} end
local due = redis.call('ZSCORE', 'excel-tools:garbage', object)
if redis.call('HEXISTS', 'excel-tools:refs', object) == 0 then
  if not due or tonumber(due) <= tonumber(ARGV[6]) then return {2, 0} end
end
if before then let_go(object_of(before), ARGV[7]) end
redis.call('HSET', s .. 'files', ARGV[3], file)
redis.call('HINCRBY', 'excel-tools:refs', object, 1)
redis.call('ZREM', 'excel-tools:garbage', object)
aged(ARGV[6])
return {1, redis.call('INCR', s .. 'stamp')}
""",
    # s, token, path ('' for all), key of the session, when objects may be removed
    "remove": _FENCE
    + _FILES
    + """
local path = ARGV[3]
local function below(one)
  return path == '' or one == path or string.sub(one, 1, #path + 1) == path .. '/'
end
for _, one in ipairs(redis.call('HKEYS', s .. 'records')) do
  if below(one) then redis.call('HDEL', s .. 'records', one) end
end
for _, one in ipairs(redis.call('SMEMBERS', s .. 'logs')) do
  if below(one) then
    redis.call('DEL', s .. 'log:' .. one)
    redis.call('SREM', s .. 'logs', one)
  end
end
for _, one in ipairs(redis.call('HKEYS', s .. 'files')) do
  if below(one) then
    let_go(object_of(redis.call('HGET', s .. 'files', one)), ARGV[5])
    redis.call('HDEL', s .. 'files', one)
  end
end
if path == '' then
  redis.call('ZREM', 'excel-tools:ages', ARGV[4])
  redis.call('DEL', s .. 'stamp')
  return {1, 0}
end
return {1, redis.call('INCR', s .. 'stamp')}
""",
    # s
    "size": """
local s, total, seen = ARGV[1], 0, {}
for _, file in ipairs(redis.call('HVALS', s .. 'files')) do
  if not seen[file] then
    seen[file] = true
    total = total + tonumber(string.match(file, '/(%d+)$'))
  end
end
for _, log in ipairs(redis.call('SMEMBERS', s .. 'logs')) do
  total = total + redis.call('STRLEN', s .. 'log:' .. log)
end
for _, path in ipairs(redis.call('HKEYS', s .. 'records')) do
  total = total + redis.call('HSTRLEN', s .. 'records', path)
end
return total
""",
    # key, what must be there ('' for nothing), record, then pairs of folder and name
    "claim": """
local known = redis.call('GET', ARGV[1]) or ''
if ARGV[2] ~= '*' and known ~= ARGV[2] then return known end
redis.call('SET', ARGV[1], ARGV[3])
for i = 4, #ARGV, 2 do redis.call('SADD', ARGV[i], ARGV[i + 1]) end
return ARGV[3]
""",
    # key, then pairs of folder and name, the innermost first
    "drop": """
redis.call('DEL', ARGV[1])
for i = 2, #ARGV, 2 do
  redis.call('SREM', ARGV[i], ARGV[i + 1])
  if redis.call('EXISTS', ARGV[i]) == 1 then return end
end
""",
    # now, when it may be tried again, how many
    "garbage": """
local due = redis.call('ZRANGEBYSCORE', 'excel-tools:garbage', '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, object in ipairs(due) do redis.call('ZADD', 'excel-tools:garbage', ARGV[2], object) end
return due
""",
    # key of the call, milliseconds that what is told counts, what is told of it
    "begin_call": """
local key, now = ARGV[1], redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local at = tonumber(redis.call('HGET', key, 'at') or '0')
if tonumber(redis.call('HGET', key, 'running') or '0') < 1 or ms - at > tonumber(ARGV[2]) then
  redis.call('HSET', key, 'running', '0', 'kept', '0')
end
redis.call('HINCRBY', key, 'running', 1)
redis.call('HSET', key, 'at', ms, 'told', ARGV[3])
redis.call('EXPIRE', key, 3600)
return redis.call('HEXISTS', key, 'cancelled')
""",
    # key of the call
    "keep_call": """
if redis.call('HEXISTS', ARGV[1], 'cancelled') == 1 then return 0 end
redis.call('HSET', ARGV[1], 'kept', '1')
redis.call('EXPIRE', ARGV[1], 3600)
return 1
""",
    # key of the call, what is told of it, ends
    "tell_call": """
local key, now = ARGV[1], redis.call('TIME')
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSET', key, 'told', ARGV[2], 'at', now[1] * 1000 + math.floor(now[2] / 1000))
if ARGV[3] == '1' then redis.call('HINCRBY', key, 'running', -1) end
return redis.call('HEXISTS', key, 'cancelled')
""",
    # key of the call
    "cancel_call": """
local key = ARGV[1]
local told = redis.call('HGET', key, 'told')
local ran = told and tonumber(redis.call('HGET', key, 'running') or '0') < 1
local kept = redis.call('HGET', key, 'kept') == '1'
if not (ran or kept) then redis.call('HSET', key, 'cancelled', '1') end
redis.call('EXPIRE', key, 3600)
return redis.call('HEXISTS', key, 'cancelled')
""",
    # key of the call, milliseconds that what is told counts
    "told_call": """
local key, now = ARGV[1], redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local found = redis.call('HMGET', key, 'told', 'running', 'at', 'cancelled')
if not found[1] and not found[4] then return false end
local alive = tonumber(found[2] or '0') > 0 and ms - tonumber(found[3] or '0') < tonumber(ARGV[2])
return {found[1] or '', alive and 1 or 0, found[4] and 1 or 0}
""",
    # key of the bucket, tokens a minute; milliseconds to wait
    "take_token": """
local key, rate, now = ARGV[1], tonumber(ARGV[2]), redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local found = redis.call('HMGET', key, 'tokens', 'at')
local tokens = tonumber(found[1] or rate)
tokens = math.min(rate, tokens + math.max(0, ms - tonumber(found[2] or ms)) * rate / 60000)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = math.ceil((1 - tokens) * 60000 / rate) end
redis.call('HSET', key, 'tokens', tostring(tokens), 'at', ms)
redis.call('PEXPIRE', key, 60000)
return wait
""",
}
