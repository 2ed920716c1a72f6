-- Takes the oldest of list KEYS[1] and counts it in KEYS[2].
local item = redis.call('LPOP', KEYS[1])
if item then redis.call('INCR', KEYS[2]) end
return item
