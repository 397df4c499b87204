-- cmd_running_mean: each line of the buffer becomes the mean of the numbers up to it.
local np = require "tessera.numpy"

mle.editor_register_cmd("cmd_running_mean", function(context)
    local buffer = context.buffer
    local text = mle.buffer_get(buffer).ret_data
    local numbers = {}
    for word in text:gmatch("%S+") do
        numbers[#numbers + 1] = tonumber(word)
    end
    local x = np.array(numbers, {dtype = "float64"})
    local means = x:cumsum() / np.arange(1, #x + 1)
    local result = table.concat(means:tolist(), "\n") .. "\n"
    mle.buffer_set(buffer, result, #result)
end)
