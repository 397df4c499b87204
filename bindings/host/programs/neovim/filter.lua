-- :Filter works on the lines of a range that are numbers: those more than two standard deviations from the
-- mean go away, the others are scaled to 0 ... 1. Lines of text stay.
local np = require "tessera.numpy"

vim.api.nvim_create_user_command("Filter", function(command)
    local lines = vim.api.nvim_buf_get_lines(0, command.line1 - 1, command.line2, true)
    local numbers = {}
    for _, line in ipairs(lines) do
        numbers[#numbers + 1] = tonumber(line)
    end
    local x = np.array(numbers)
    local near = (x - x:mean()):abs():le(2 * x:std())
    local low, high = np.where(near, x, np.inf):min(), np.where(near, x, -np.inf):max()
    local scaled = (x - low) / (high - low)
    local result, i = {}, 0
    for _, line in ipairs(lines) do
        local number = tonumber(line)
        i = i + (number and 1 or 0)
        if not number then
            result[#result + 1] = line
        elseif near[i] then
            result[#result + 1] = ("%.4f"):format(scaled[i])
        end
    end
    vim.api.nvim_buf_set_lines(0, command.line1 - 1, command.line2, true, result)
end, {range = "%"})
