-- A POST of numbers is answered with their number, mean, standard deviation and the place of the largest.
local np = require "tessera.numpy"

local thread = core.thread

core.register_service("statistics", "http", function(applet)
    local numbers = {}
    for word in applet:receive():gmatch("%S+") do
        numbers[#numbers + 1] = tonumber(word)
    end
    local x = np.array(numbers, {dtype = "float64"})
    local text = ("%d numbers, mean %.3f, deviation %.3f, largest is number %d"):format(#x, x:mean():item(),
        x:std():item(), x:argmax():item())
    applet:set_status(200)
    applet:add_header("content-length", #text)
    applet:add_header("x-thread", tostring(thread))
    applet:start_response()
    applet:send(text)
end)
