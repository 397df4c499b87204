--- Threads as scripts set them: how many there are to be, on both faces and the engine module, and that
-- none is started before there is work for it. What the threads do is spec/c/test_executor.c's.
local ts = require "tessera"
local torch = ts.torch

--- Threads of this process, as the kernel counts them.
local function running()
    local file = assert(io.open("/proc/self/status", "r"))
    local text = file:read("*a")
    file:close()
    return tonumber(text:match("\nThreads:%s*(%d+)"))
end

local function processors()
    local pipe = assert(io.popen("nproc", "r"))
    local count = pipe:read("*n")
    pipe:close()
    return count
end

local function fails(expected, f, ...)
    local ok, text = pcall(f, ...)
    assert.is_false(ok)
    assert(text:find(expected, 1, true), ("expected %q in %q"):format(expected, text))
    return ts.last_error()
end

describe("threads", function()
    local at_first, first_count = running(), ts.get_threads()

    after_each(function()
        ts.set_threads(1)
    end)

    it("are one until more are asked for", function()
        assert.equal(1, first_count)
        assert.equal(1, torch.get_num_threads())
    end)

    it("are set and told by the engine and by torch", function()
        ts.set_threads(3)
        assert.equal(3, ts.get_threads())
        assert.equal(3, torch.get_num_threads())
        torch.set_num_threads(2)
        assert.equal(2, ts.get_threads())
        ts.set_threads(0)
        assert.equal(processors(), ts.get_threads())
        ts.set_threads(1024)
        assert.equal(1024, ts.get_threads())
        assert.is_nil(ts.np.set_threads)
    end)

    it("start with the first work only, and small work starts none", function()
        assert.equal(0, select("#", ts.set_threads(4)))
        local sum = ts.np.ones(6) + ts.np.ones(6)
        assert.equal(2, sum[6])
        assert.equal(at_first, running())
    end)

    it("are refused in numbers that cannot be, and stay as they were", function()
        ts.set_threads(2)
        local last = fails("set_threads: the number of threads must be 0 to 1024, not -1", ts.set_threads, -1)
        assert.equal("value", last.kind)
        assert.equal(1, last.argument)
        fails("must be 0 to 1024, not 1025", ts.set_threads, 1025)
        fails("set_num_threads: the number of threads must be 1 to 1024, not 0", torch.set_num_threads, 0)
        fails("set_threads", ts.set_threads)
        fails("set_threads", ts.set_threads, "many")
        fails("set_threads", ts.set_threads, 1.5)
        assert.equal(2, ts.get_threads())
    end)
end)
