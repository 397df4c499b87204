--- Loops over views of tessera.ffi, over the same memory by a pointer of LuaJIT's ffi library, and in C; nanoseconds
-- an element, the median of ROUNDS interleaved rounds. Ends with what the compiler gave up.
local ffi = require "ffi"
local np, view = require "tessera".np, require "tessera.ffi".view
local aborted, harmless = {}, 0
-- "leaving loop" and "inner loop" in a root trace (8, 9): the inner loop is compiled by itself, and then the outer one.
local function note(what, _, _, _, code)
    if what == "abort" and (code == 8 or code == 9) then
        harmless = harmless + 1
    elseif what == "abort" then
        aborted[#aborted + 1] = tostring(code)
    end
end

ffi.cdef [[
    double bench_sum(const double *p, int64_t n);
    void bench_scale(double *p, int64_t n);
    void bench_axpy(double *p, const double *q, int64_t n);
    double bench_rows(const double *p, int64_t rows, int64_t columns);
    double bench_columns(const double *p, int64_t rows, int64_t columns);
    double bench_bytes(const uint8_t *p, int64_t n);
]]
local c = ffi.load(assert(arg[1]))
local ROUNDS, WORK = 9, 4e6
local SIDE = 100

local function vectors(n)
    return {np.ones(n), np.ones(n)}
end

local cases = {
    {"s = s + v[i]", {1000, 1e6}, vectors,
        function(v) local s = 0 for i = 1, #v do s = s + v[i] end return s end,
        function(n, p) local s = 0 for i = 0, n - 1 do s = s + p[i] end return s end,
        function(n, p) return c.bench_sum(p, n) end},
    {"v[i] = v[i] * c", {1000, 1e6}, vectors,
        function(v) for i = 1, #v do v[i] = v[i] * 1.0000001 end end,
        function(n, p) for i = 0, n - 1 do p[i] = p[i] * 1.0000001 end end,
        function(n, p) c.bench_scale(p, n) end},
    {"v[i] = v[i] * c + w[i]", {1000, 1e6}, vectors,
        function(v, w) for i = 1, #v do v[i] = v[i] * 0.5 + w[i] end end,
        function(n, p, q) for i = 0, n - 1 do p[i] = p[i] * 0.5 + q[i] end end,
        function(n, p, q) c.bench_axpy(p, q, n) end},
    {"s = s + v[i] (uint8)", {1000, 1e6}, function(n) return {np.arange(n):astype("uint8")} end,
        function(v) local s = 0 for i = 1, #v do s = s + v[i] end return s end,
        function(n, p) local s = 0 for i = 0, n - 1 do s = s + p[i] end return s end,
        function(n, p) return c.bench_bytes(p, n) end},
    {"s = s + v:at(i, j), rows", {SIDE * SIDE}, function() return {np.ones({SIDE, SIDE})} end,
        function(v)
            local s = 0
            for i = 1, v:size(1) do for j = 1, v:size(2) do s = s + v:at(i, j) end end
            return s
        end,
        function(_, p)
            local s = 0
            for i = 0, SIDE - 1 do for j = 0, SIDE - 1 do s = s + p[i * SIDE + j] end end
            return s
        end,
        function(_, p) return c.bench_rows(p, SIDE, SIDE) end},
    {"s = s + v:at(i, j), columns", {SIDE * SIDE}, function() return {np.ones({SIDE, SIDE})} end,
        function(v)
            local s = 0
            for j = 1, v:size(2) do for i = 1, v:size(1) do s = s + v:at(i, j) end end
            return s
        end,
        function(_, p)
            local s = 0
            for j = 0, SIDE - 1 do for i = 0, SIDE - 1 do s = s + p[i * SIDE + j] end end
            return s
        end,
        function(_, p) return c.bench_columns(p, SIDE, SIDE) end},
}

local function median(list)
    table.sort(list)
    return list[math.ceil(#list / 2)]
end

print(("%-28s %9s %8s %8s %8s %8s %8s"):format("ns an element", "elements", "view", "ffi", "C", "/ ffi", "/ C"))
for _, case in ipairs(cases) do
    for _, n in ipairs(case[2]) do
        local x = case[3](n)
        local v, w = view(x[1]), x[2] and view(x[2])
        local p, q = v.data, w and w.data
        local times, repeats = {{}, {}, {}}, math.ceil(WORK / n)
        local calls = {function() return case[4](v, w) end, function() return case[5](n, p, q) end,
            function() return case[6](n, p, q) end}
        jit.flush()
        require "jit".attach(note, "trace")
        for round = 0, ROUNDS do
            for side, call in ipairs(calls) do
                local start = os.clock()
                for _ = 1, repeats do
                    call()
                end
                times[side][round] = round > 0 and (os.clock() - start) / repeats / n * 1e9 or nil
            end
        end
        require "jit".attach(note)
        local a, b, d = median(times[1]), median(times[2]), median(times[3])
        print(("%-28s %9d %8.3f %8.3f %8.3f %8.2f %8.2f"):format(case[1], n, a, b, d, a / b, a / d))
    end
end
print(("traces given up: %d%s; begun at the outer loop first: %d"):format(#aborted,
    #aborted > 0 and " (" .. table.concat(aborted, ", ") .. ")" or "", harmless))
