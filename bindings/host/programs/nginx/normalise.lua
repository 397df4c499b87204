-- The body of a request is float32 numbers; the answer is the same numbers with mean 0 and deviation 1.
local np = require "tessera.numpy"

ngx.req.read_body()
local x = np.frombuffer(ngx.req.get_body_data(), {dtype = "float32"})
local reply = ((x - x:mean {dtype = "float64"}) / x:std {dtype = "float64"}):astype("float32"):tobytes()
ngx.header["Content-Type"] = "application/octet-stream"
ngx.header["Content-Length"] = #reply
ngx.header["X-Worker"] = ngx.worker.pid()
ngx.print(reply)
