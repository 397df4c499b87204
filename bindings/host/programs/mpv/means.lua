-- The mean of each channel of the frame.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "frame.lua")("means", function(frame)
    local means = frame:reshape(-1, 3):mean {axis = 1}
    return ("mean red %.2f, green %.2f, blue %.2f\n"):format(table.unpack(means:tolist()))
end)
