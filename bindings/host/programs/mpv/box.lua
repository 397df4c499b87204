-- Where the white box is: the first and last rows and columns that are brighter than the mean.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "frame.lua")("box", function(frame)
    local gray = frame:astype("float64"):mean {axis = 3}
    local bright = gray:gt(gray:mean())
    local function span(line)
        local n = #line
        return line:argmax():item(), n + 1 - line["::-1"]:argmax():item()
    end
    local top, bottom = span(bright:any {axis = 2})
    local left, right = span(bright:any {axis = 1})
    return ("box in rows %d to %d, columns %d to %d, %d pixels\n"):format(top, bottom, left, right,
        bright:sum():item())
end)
