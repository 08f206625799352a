package redis

import "github.com/redis/go-redis/v9"

// Redis does not undo what a script wrote before it failed. So each script first reads every key that junk could make
// fail (ZCARD on a key of another type is an error), and writes only then.

// lengthen gives a key that is shared by several records the longest of their lives.
const lengthen = `
local function lengthen(key, life)
  if redis.call('PTTL', key) < tonumber(life) then redis.call('PEXPIRE', key, life) end
end
`

// enqueue adds the messages in ARGV[from…]: id, record, NotBefore, life. One that is there is left as it is.
const enqueue = lengthen + `
local function enqueue(outbox, prefix, from)
  for i = from, #ARGV, 4 do
    local key = prefix .. ARGV[i]
    if redis.call('EXISTS', key) == 0 then
      redis.call('HSET', key, 'record', ARGV[i + 1])
      redis.call('PEXPIRE', key, ARGV[i + 3])
      redis.call('ZADD', outbox, ARGV[i + 2], ARGV[i])
      lengthen(outbox, ARGV[i + 3])
    end
  end
end
`

// writeAccount creates or replaces an account.
//
// KEYS: account, addresses, outbox, then the links.
// ARGV: 1 the record as it was read ("" to create), 2 the new record, 3 and 4 its old and new entry in addresses ("" for
// none), 5 and 6 the range of the new address, 7 the account's id, 8 the prefix of messages, 9 how many of the links are
// set (the rest are removed), then the life of each, then messages.
var writeAccount = redis.NewScript(enqueue + `
local stored = redis.call('GET', KEYS[1])
if ARGV[1] == '' then
  if stored then return {'exists'} end
else
  if not stored then return {'gone'} end
  if stored ~= ARGV[1] then return {'changed', stored} end
end
redis.call('ZCARD', KEYS[2])
redis.call('ZCARD', KEYS[3])
if ARGV[3] ~= ARGV[4] then
  if ARGV[4] ~= '' then
    if redis.call('ZLEXCOUNT', KEYS[2], ARGV[5], ARGV[6]) > 0 then return {'exists'} end
    redis.call('ZADD', KEYS[2], 0, ARGV[4])
  end
  if ARGV[3] ~= '' then redis.call('ZREM', KEYS[2], ARGV[3]) end
end
redis.call('SET', KEYS[1], ARGV[2])
local links = tonumber(ARGV[9])
for i = 1, #KEYS - 3 do
  if i <= links then
    redis.call('SET', KEYS[3 + i], ARGV[7], 'PX', ARGV[9 + i])
  else
    redis.call('DEL', KEYS[3 + i])
  end
end
enqueue(KEYS[3], ARGV[8], 10 + links)
return {'done'}
`)

// removeAccount removes an account with all that belongs to it. An unreadable list of sessions does not keep it from
// being removed: a session without its account is dead.
//
// KEYS: account, addresses, outbox, sessions, then its links.
// ARGV: 1 the record as it was read, 2 its entry in addresses, 3 the prefix of messages, 4 the prefix of sessions, then
// messages.
var removeAccount = redis.NewScript(enqueue + `
local stored = redis.call('GET', KEYS[1])
if not stored then return {'gone'} end
if stored ~= ARGV[1] then return {'changed', stored} end
redis.call('ZCARD', KEYS[2])
redis.call('ZCARD', KEYS[3])
local sessions = redis.pcall('ZRANGE', KEYS[4], 0, -1)
if not sessions.err then
  for _, key in ipairs(sessions) do redis.call('DEL', ARGV[4] .. key) end
end
redis.call('DEL', KEYS[1], KEYS[4])
if ARGV[2] ~= '' then redis.call('ZREM', KEYS[2], ARGV[2]) end
for i = 5, #KEYS do redis.call('DEL', KEYS[i]) end
enqueue(KEYS[3], ARGV[3], 5)
return {'done'}
`)

// accountByEmail: KEYS addresses; ARGV the range of the address, the prefix of accounts. Replies the id and the record.
var accountByEmail = redis.NewScript(`
local found = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, 1)
if not found[1] then return false end
local id = string.match(found[1], '%z(.*)$')
local account = redis.call('GET', ARGV[3] .. id)
if not account then return false end
return {id, account}
`)

// accountByLink: KEYS link; ARGV the prefix of accounts. Replies the id and the record.
var accountByLink = redis.NewScript(`
local id = redis.call('GET', KEYS[1])
if not id then return false end
local account = redis.call('GET', ARGV[1] .. id)
if not account then return false end
return {id, account}
`)

// listAccounts: KEYS addresses; ARGV where to begin, how many, the prefix of accounts. Replies pairs of entry and record,
// nil for a record that is missing or of another type.
var listAccounts = redis.NewScript(`
local reply = {}
for _, member in ipairs(redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+', 'LIMIT', 0, ARGV[2])) do
  local account = redis.pcall('GET', ARGV[3] .. string.match(member, '%z(.*)$'))
  reply[#reply + 1] = member
  reply[#reply + 1] = type(account) == 'string' and account
end
return reply
`)

// swap replaces the value of a key, and leaves its time to live, if it is still what was read.
// KEYS the key; ARGV the value as it was read ("" for none: a record is never empty), the new one. Replies done, gone,
// or changed with what is there now.
var swap = redis.NewScript(`
local stored = redis.call('GET', KEYS[1])
if not stored and ARGV[1] ~= '' then return {'gone'} end
if stored and (stored ~= ARGV[1] or stored == '') then return {'changed', stored} end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return {'done'}
`)

// createSession: KEYS session, sessions; ARGV record, life, session key, score of its expiry, score before which entries
// of other sessions are stale.
var createSession = redis.NewScript(lengthen + `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
lengthen(KEYS[2], ARGV[2])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`)

// sessionWithAccount: KEYS session; ARGV the prefix of accounts. Replies the session and its account, or the session
// alone when its account is missing or it does not name one.
var sessionWithAccount = redis.NewScript(`
local session = redis.call('GET', KEYS[1])
if not session then return false end
local ok, record = pcall(cjson.decode, session)
if not ok or type(record) ~= 'table' or type(record.account) ~= 'string' then return {session} end
local account = redis.call('GET', ARGV[1] .. record.account)
if not account then return {session} end
return {session, account}
`)

// endSession: KEYS session; ARGV session key, the prefix of the lists of sessions. Replies how many were removed. A
// record that cannot be read is removed too; its entry in the list then ends with the list.
var endSession = redis.NewScript(`
local session = redis.pcall('GET', KEYS[1])
local ended = redis.call('DEL', KEYS[1])
if type(session) == 'string' then
  local ok, record = pcall(cjson.decode, session)
  if ok and type(record) == 'table' and type(record.account) == 'string' then
    redis.pcall('ZREM', ARGV[2] .. record.account, ARGV[1])
  end
end
return ended
`)

// endSessions: KEYS sessions; ARGV the prefix of sessions, the session key to leave. Replies how many were removed.
var endSessions = redis.NewScript(`
local ended = 0
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if key ~= ARGV[2] then
    ended = ended + redis.call('DEL', ARGV[1] .. key)
    redis.call('ZREM', KEYS[1], key)
  end
end
return ended
`)

// sessionsOf: KEYS sessions; ARGV the prefix of sessions. Replies pairs of session key and record.
var sessionsOf = redis.NewScript(`
local reply = {}
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local session = redis.pcall('GET', ARGV[1] .. key)
  if type(session) == 'string' then
    reply[#reply + 1] = key
    reply[#reply + 1] = session
  end
end
return reply
`)

// takeLimit: KEYS held, kept; ARGV the caller's id, limit, score up to which places have vanished, score of now, life.
// Replies nothing when a place is held, else how many are held and kept, and the times of those that must vanish first.
var takeLimit = redis.NewScript(lengthen + `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3])
if redis.call('ZSCORE', KEYS[1], ARGV[1]) or redis.call('ZSCORE', KEYS[2], ARGV[1]) then return {} end
local held, kept = redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[2])
local over = held + kept - tonumber(ARGV[2])
if over < 0 then
  redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1])
  lengthen(KEYS[1], ARGV[5])
  lengthen(KEYS[2], ARGV[5])
  return {}
end
local reply = {tostring(held), tostring(kept)}
for k = 1, 2 do
  local places = redis.call('ZRANGE', KEYS[k], 0, over, 'WITHSCORES')
  for i = 2, #places, 2 do reply[#reply + 1] = places[i] end
end
return reply
`)

// settleLimit: KEYS held, kept; ARGV the caller's id, 1 to keep and 0 to give back. A place keeps its time.
var settleLimit = redis.NewScript(lengthen + `
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZCARD', KEYS[2])
if ARGV[2] == '0' then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
elseif at then
  local life = redis.call('PTTL', KEYS[1])
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('ZADD', KEYS[2], at, ARGV[1])
  lengthen(KEYS[2], life)
end
return 1
`)

// enqueueMessages: KEYS outbox; ARGV the prefix of messages, then messages.
var enqueueMessages = redis.NewScript(enqueue + `
redis.call('ZCARD', KEYS[1])
enqueue(KEYS[1], ARGV[1], 2)
return 1
`)

// claimMessages: KEYS outbox; ARGV score of now, score of the lease's end, how many, the prefix of messages. Replies id,
// record and the number of claims for each. What has expired or is of another type is removed.
var claimMessages = redis.NewScript(`
local reply = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])) do
  local key = ARGV[4] .. id
  local record, claims = redis.pcall('HGET', key, 'record'), false
  if type(record) == 'string' then claims = redis.pcall('HINCRBY', key, 'claims', 1) end
  if type(claims) == 'number' then
    redis.call('ZADD', KEYS[1], ARGV[2], id)
    reply[#reply + 1] = id
    reply[#reply + 1] = record
    reply[#reply + 1] = tostring(claims)
  else
    redis.call('DEL', key)
    redis.call('ZREM', KEYS[1], id)
  end
end
return reply
`)

// delayMessage: KEYS outbox; ARGV id, score of NotBefore.
var delayMessage = redis.NewScript(`
redis.call('ZADD', KEYS[1], 'XX', ARGV[2], ARGV[1])
return 1
`)

// removeMessage: KEYS outbox, message; ARGV id.
var removeMessage = redis.NewScript(`
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return 1
`)

// pendingMessages: KEYS outbox. Replies the count, and the score of the first when there is one.
var pendingMessages = redis.NewScript(`
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {tostring(redis.call('ZCARD', KEYS[1])), first[2]}
`)

// get: KEYS the key. A script for the sake of once.
var get = redis.NewScript(`return redis.call('GET', KEYS[1])`)

// check: KEYS the probe; ARGV its life.
var check = redis.NewScript(`
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return redis.call('GET', KEYS[1])
`)
