-- /?x=1,2,3 is answered with the statistics of the numbers, as JSON.
local np = require "tessera.numpy"

local numbers = {}
for word in (lighty.r.req_attr["uri.query"] or ""):gmatch("[^x=,&]+") do
    numbers[#numbers + 1] = tonumber(word)
end
local x = np.array(numbers, {dtype = "float64"})
lighty.r.resp_header["Content-Type"] = "application/json"
lighty.r.resp_body.set(('{"count": %d, "mean": %.4f, "geometric": %.4f, "running": [%s]}\n'):format(
    #x, x:mean():item(), np.exp(np.log(x):mean()):item(), table.concat(x:cumsum():tolist(), ", ")))
return 200
