--- What a guest does in a host, whatever the host did to it: every name of both faces is looked up, which runs
-- every file of the Lua half, and then results are compared with text that NumPy and PyTorch print for the same.
--
-- Returns a function of `require`. What it uses is captured here, before the host changes anything.
local error, ipairs, pairs, pcall, tostring, type = error, ipairs, pairs, pcall, tostring, type

local function same(what, expected, given)
    if expected ~= given then
        error(what .. ": expected " .. tostring(expected) .. ", got " .. tostring(given), 0)
    end
end

local function look_up(ts)
    local found = 0
    for place, table in pairs {ts = ts, torch = ts.torch, np = ts.np} do
        for name, kind in pairs(ts.names(place)) do
            if kind == "function" then
                same(place .. "." .. name, "function", type(table[name]) == "table" and "function" or type(table[name]))
                found = found + 1
            end
        end
    end
    local x = {tensor = ts.torch.ones(2), ndarray = ts.np.ones(2)}
    for place, object in pairs(x) do
        for name, kind in pairs(ts.names(place)) do
            if kind == "method" then
                same(place .. ":" .. name, "function", type(object[name]))
                found = found + 1
            end
        end
    end
    if found < 500 then
        error("there are only " .. found .. " names", 0)
    end
end

local function print_and_read(ts)
    local np, torch = ts.np, ts.torch
    same("small and large", "array([ 1.5e+000,  2.0e-300,  4.9e-324, -1.0e-001])",
        tostring(np.array {1.5, 2e-300, np.frombuffer("\1\0\0\0\0\0\0\0", {dtype = "float64"}):tolist()[1], -0.1}))
    same("two rows", "array([[5.00000e-01, 1.23425e+03],\n       [1.00000e+10, 2.00000e+00]])",
        tostring(np.array {{0.5, 1234.25}, {1e10, 2}}))
    same("a tensor", "tensor([5.0000e-01, 1.2342e+03, 1.0000e-07])", tostring(torch.tensor {0.5, 1234.25, 1e-7}))
    same("a matrix", "tensor([[ 0.2500, -1.5000]])", tostring(torch.tensor {{0.25, -1.5}}))
    same("array2string", "[1.2 3.5]", np.array2string(np.array {1.25, 3.5}, {precision = 1}))
    same("float32", "array([0.1, 0.1], dtype=float32)", tostring(np.full(2, 0.1, {dtype = "float32"})))
    same("the least float32", "array([1.e-45], dtype=float32)",
        tostring(np.frombuffer("\1\0\0\0", {dtype = "float32"})))
    same("the least float16", "array([6.e-08], dtype=float16)", tostring(np.frombuffer("\1\0", {dtype = "float16"})))
    same("an index as text", "tensor([30, 10])", tostring(torch.tensor({10, 20, 30}, {dtype = "int64"})["3:1:-2"]))
    local ok, message = pcall(np.zeros, 1.5)
    same("an error", "false, zeros: argument 1 must be an integer, not 1.5",
        tostring(ok) .. ", " .. message:gsub("^.-: zeros", "zeros"))
    ok, message = pcall(np.pad, np.ones(2), -1.5)
    same("an error of the Lua half", "false", tostring(ok))
    if message:find("1,5", 1, true) then
        error("a comma: " .. message, 0)
    end
end

local function compute(ts)
    local np, torch = ts.np, ts.torch
    same("pad", "array([0. , 0.5, 1.5, 2.5, 0. ])", tostring(np.pad(np.arange(3) + 0.5, 1)))
    same("linspace", "array([0.  , 0.25, 0.5 , 0.75, 1.  ])", tostring(np.linspace(0, 1, 5)))
    same("softmax", "tensor([0.0900, 0.2447, 0.6652])", tostring(torch.softmax(torch.tensor {0.0, 1.0, 2.0}, 1)))
    same("std", "array(1.11803399)", tostring(np.array({1, 2, 3, 4}, {dtype = "float64"}):std()))
    same("fuse", "array(30.)", tostring(ts.fuse(function(a, b)
        return (a * b):sum()
    end)(np.arange(5) + 0.0, np.arange(5))))
    local a = np.arange(12, {dtype = "float64"}):reshape(3, 4)
    local t = torch.from_numpy(a)
    t:mul_(2)
    same("a write through the other face", 30, a[":, 2"]:sum():item())
    same("round trip", "tensor([[ 0.,  8., 16.],\n        [ 2., 10., 18.],\n        [ 4., 12., 20.],\n"
        .. "        [ 6., 14., 22.]], dtype=torch.float64)", tostring(torch.from_numpy(a.T)))
    local large = np.ones {300, 1000}
    same("a large sum", 300000, (large:cumsum {axis = 2}[":, -1"]:sum() + 0):item())
    for i, row in (large * 2):iter() do
        if i == 300 then
            same("the last row", 2000, row:sum():item())
        end
    end
    same("shapes", "(3, 4)", tostring(a.shape))
end

return function(require)
    local ts = require "tessera"
    same("torch", ts.torch, require "tessera.torch")
    same("np", ts.np, require "tessera.numpy")
    for _, part in ipairs {look_up, print_and_read, compute} do
        part(ts)
    end
    return ts
end
