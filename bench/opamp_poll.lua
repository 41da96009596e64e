-- Unchanged polls of many agents, one after the other: each message has the next sequence number of its agent.
-- Arguments: how many agents, how many threads, the first sequence number.

local threads = 0

function setup(thread)
    thread:set("place", threads)
    threads = threads + 1
end

local function varint(number)
    local bytes = {}
    while number > 127 do
        bytes[#bytes + 1] = string.char(number % 128 + 128)
        number = math.floor(number / 128)
    end
    bytes[#bytes + 1] = string.char(number)
    return table.concat(bytes)
end

local function uid(number)
    local bytes = {}
    for i = 4, 1, -1 do
        bytes[i] = string.char(number % 256)
        number = math.floor(number / 256)
    end
    return string.rep("\0", 12) .. table.concat(bytes)
end

function init(args)
    agents, step, sequence = tonumber(args[1]), tonumber(args[2]), tonumber(args[3])
    agent = place
    wrk.method = "POST"
    wrk.path = "/v1/opamp"
    wrk.headers["Content-Type"] = "application/x-protobuf"
end

function request()
    local body = "\10\16" .. uid(agent) .. "\16" .. varint(sequence) .. "\32\25"
    agent = agent + step
    if agent >= agents then
        agent = place
        sequence = sequence + 1
    end
    return wrk.format(nil, nil, nil, body)
end

failed = 0
function response(status)
    if status ~= 200 then failed = failed + 1 end
end
