--- One good call, or several, of every public function: what the specs of bad arguments and of faults
-- start from. A function that is missing here makes both of them fail.
--
-- An entry gives the arguments, the array first, for the function of both modules and the methods of
-- both kinds of array alike; a list of entries stands for several calls. Where they differ, the name
-- is prefixed with its place ("np.repeat", "tensor:view"). `f` holds fresh arrays of the face:
--
--   a  (2, 3) float64      v  (6) float64       m  (3, 3) float64      k  (2, 3, 2) float64
--   i  (3) int64           z  () float64        c  (2, 2) complex64    p  (3, 2) float32, as pairs
--   o  (2, 3) float64      n  an ndarray (2, 3) b  (2, 3) bool         dtype, other: two dtypes
local function x(f) return f.a end
local function list(f) return {f.a, f.o} end
local function list_dim(f) return {f.a, f.o}, 2 end
local function with(...)
    local rest = {...}
    return function(f) return f.a, (table.unpack or unpack)(rest) end -- luacheck: ignore 113
end
local function none() end

local lender = require "lender"

--- The name of a file that is there.
local function named(name)
    local ts = require "tessera"
    if name == "a.txt" and lender.file(name) == nil then
        lender.file(name, "1 2 3\n4 5 6\n")
    elseif lender.file(name) == nil then
        local v, w = ts.np.array({{1, 2, 3}, {4, 5, 6}}), ts.np.array({true, false})
        ts.save(name, name == "a.npy" and v or name == "a.pt" and {v = v, list = {w, 1, "a"}} or {v = v, w = w},
            name == "a.npz" and {compressed = true} or nil)
    end
    return name
end

local function sizes() return 2, 3 end
local function sizes_dtype(f) return {2, 3}, {dtype = f.dtype} end

local calls = {
    -- new arrays
    tensor = {function() return {{1, 2}, {3, 4}} end, function() return {1.5, 2}, {dtype = "int32"} end,
        function(f) return {f.v, f.v} end, x},
    array = {function() return {{1, 2}, {3, 4}} end, function() return {true, false}, "int8", {ndmin = 3} end,
        function(f) return {f.v, f.v}, {order = "F"} end, x},
    asarray = {x, function(f) return f.a, {dtype = f.other} end, function() return {{1, 2}, {3, 4}} end,
        function(f) return f.a, {copy = "always", order = "F"} end},
    ascontiguousarray = {function(f) return f.m.T end, with("float32")},
    asfortranarray = {x, with("float32")},
    zeros = {sizes, sizes_dtype, function() return 2, 3, {order = "F"} end},
    full = function(f) return {2, 3}, 7, {dtype = f.dtype} end,
    zeros_like = {x, with({dtype = "int32", order = "F"})},
    full_like = with(7),
    new_zeros = with(2, 3),
    new_full = with({2, 3}, 7),
    new_tensor = with({1, 2, 3}),
    arange = {function() return 5 end, function(f) return 1, 9, 2, {dtype = f.dtype} end},
    range = function() return 1, 9, 2 end,
    linspace = function(f) return 0, 1, 5, {dtype = f.dtype, endpoint = true} end,
    logspace = function() return 0, 2, 5 end,
    geomspace = function() return 1, 100, 5 end,
    eye = function() return 3, 4 end,
    identity = function() return 3 end,
    indices = function() return {2, 3} end,
    frombuffer = {function() return ("\0"):rep(48), {dtype = "float64", count = 2, offset = 8} end,
        function(f) return f.v, {dtype = "float64"} end},
    from_ffi = function()
        return require "ffi".new("double[6]", 1, 2, 3, 4, 5, 6), {2, 3}, {dtype = "float64"}
    end,
    fromfunction = function() return function(i) return i end, {2, 3} end,
    tri = function() return 3, 4, 1 end,
    diag = {function(f) return f.m, 1 end, function(f) return f.v end},
    diagflat = function(f) return f.v, 1 end,
    diag_embed = function(f) return f.a, 1 end,
    meshgrid = function(f) return f.v, f.v, {indexing = "ij"} end,
    complex = function(f) return f.v, f.v end,

    -- looking
    size = {x, with(1)},
    stride = {x, with(1)},
    shape = x, strides = x, ndim = x, numel = x, itemsize = x, nbytes = x, dtype = x, device = x,
    storage = x, storage_offset = x, data_ptr = x, is_contiguous = x, is_floating_point = x,
    is_complex = x, is_signed = x, is_tensor = x, isarray = x, requires_grad = x, _version = x,
    flags = x, origin = x, tolist = {x, function(f) return f.c end}, tobytes = {x, with({order = "F"})},
    item = function(f) return f.z end,
    get = with(2, 3),
    set = with(2, 3, 7),
    iter = x, release = x, __array_interface = x,
    requires_grad_ = with(true),
    shares = function(f) return f.a, f.o end,
    iscomplexobj = x,

    -- views
    select = with(1, 2),
    narrow = with(2, 1, 2),
    unfold = with(2, 2, 1),
    as_strided = {function(f) return f.v, {2}, {1}, 0 end},
    ["np.as_strided"] = {function(f) return f.v, {2, 2}, {8, 8} end},
    T = x, mT = x, real = x,
    imag = function(f) return f.c end,
    t = x,
    transpose = with(1, 2),
    ["np.transpose"] = with({2, 1}), ["ndarray:transpose"] = {with(2, 1), x},
    permute = {with({2, 1}), with(2, 1)},
    movedim = with(1, 2),
    rollaxis = with(2, 1),
    view = {with(3, 2), with("int64")},
    ["ts.view"] = x,
    view_as = function(f) return f.a, f.a end,
    reshape = {with(3, 2), with({6}), with({3, 2}, {order = "F", copy = "always"})},
    ravel = {x, with({order = "F"})},
    flatten = x,
    unflatten = with(2, {3, 1}),
    squeeze = {x, function(f) return f.k:select(1, 1) end},
    unsqueeze = with(1),
    expand_dims = {with(1), with({1, 3})},
    expand = with(4, 2, 3),
    expand_as = function(f) return f.z, f.a end,
    broadcast_to = with({4, 2, 3}),
    diagonal = function(f) return f.m, 1, 1, 2 end,
    flip = {with(1), with({1, 2})},
    view_as_real = function(f) return f.c end,
    view_as_complex = function(f) return f.p end,
    detach = x, readonly = x, numpy = {x, with({force = true})},
    from_numpy = function(f) return f.n end,
    from_dlpack = {x, function(f) return f.a:__dlpack(), {readonly = false, copy = true} end,
        function(f) return f.a:__dlpack{max_version = 0}, "cpu" end},
    to_dlpack = {x, with({max_version = {1, 0}, copy = "always", negative = true}),
        function(f) return f.a:readonly(), {max_version = 0, copy = "if-needed"} end},
    __dlpack_device = x,

    -- copying
    fill_ = with(7), fill = with(7), zero_ = x,
    copy_ = function(f) return f.a, f.o end,
    resize_ = with(4, 5),
    clone = x, copy = x, contiguous = {x, function(f) return f.m.T end},
    astype = with("float32", {copy = true, casting = "unsafe"}),
    to = {with("float32"), function(f) return f.a, f.i end}, to_device = with("cpu"),
    type = {x, with("torch.IntTensor")},
    cat = {list, list_dim, function(f) return {f.a, f.o}, {dim = 2, out = f.a:new_empty(2, 6)} end},
    concatenate = {list, list_dim, function(f) return {f.a, f.i:reshape(1, 3)}, 1 end},
    stack = {list, list_dim}, vstack = list, hstack = list, dstack = list, column_stack = list,
    append = function(f) return f.a, f.o, 1 end,
    block_diag = function(f) return f.a, f.m end,
    repeat_interleave = {with(2, 1), function(f) return f.a, f.i, 2 end},
    ["repeat"] = {with(2, 1), function(f) return f.a, f.i, 2 end},
    ["tensor:repeat"] = with(2, 1, 2), ["tensor:repeat_"] = with({2, 1, 2}),
    tile = with({2, 2}), roll = {with(1), with({1, 1}, {1, 2})},
    pad = {with({1, 1})}, ["np.pad"] = with(1),
    tril = {x, function(f) return f.m, 1 end}, triu = function(f) return f.m, -1 end,
    diff = {x, with(1, 2)},

    -- reductions and scans
    all = {x, with(1, {keepdims = true})},
    sum = {x, with(1), with({1, 2}, {keepdims = true, dtype = "float32"})}, mean = {x, with(2)},
    ["np.sum"] = {x, function(f) return f.a, {axis = 1, initial = 7, where = f.b, out = f.v["1:3"]} end},
    max = {x, with(1)}, ["tensor:max"] = {x, with(1), function(f) return f.a, f.o end},
    argmax = {x, with(1, {keepdims = true}), with(2)},
    var = {x, with(1), with({1, 2}, {keepdims = true, correction = 1})}, var_mean = {x, with(2)},
    nansum = {x, with(1, {dtype = "float32"})}, aminmax = {x, with({dim = 1, keepdim = true})},
    ptp = {x, with(2, {keepdims = true})}, nancumsum = {x, with(1, {dtype = "float32"})},
    nanvar = {x, with(1, {ddof = 1})}, nanargmax = {x, with(1, {keepdims = true})},
    average = {x, with(2, {1, 2, 3}, {returned = true}), function(f) return f.a, {weights = f.o} end},
    norm = {x, with(1, 2, true), with("inf")}, softmax = with(1), logsumexp = {with(1), with({1, 2}, true)},
    logcumsumexp = with(2), cumulative_sum = with({axis = 2, include_initial = true}),
    gradient = {function(f) return f.a, {dim = 1} end, function(f) return f.v, {spacing = {2}, edge_order = 2} end},
    ["np.gradient"] = {x, function(f) return f.v, 2, {axis = 1, edge_order = 2} end,
        function(f) return f.v, {0, 1, 3, 4, 6, 7} end},
    trapezoid = {x, function(f) return f.v, f.v end, function(f) return f.a, {dx = 2} end},
    cumsum = {with(1), with(2, {dtype = "float32"}), function(f) return f.a.T, 1, {out = f.p} end},
    cummax = {with(1), with(2)},

    -- expressions
    fuse = {function() return function(y) return y * 2 + 1 end end, function() return math.abs, {wide = true} end},

    -- splitting and joining
    unbind = {x, with(2)}, unstack = x,
    split = {function(f) return f.v, 2 end}, split_with_sizes = function(f) return f.v, {2, 4} end,
    chunk = function(f) return f.v, 3 end,
    tensor_split = {function(f) return f.v, 4 end, function(f) return f.v, {3, 5} end},
    array_split = {function(f) return f.v, 4 end, function(f) return f.v, {3, 5} end},
    hsplit = with(3), vsplit = with(2), dsplit = function(f) return f.k, 2 end,
    broadcast_arrays = function(f) return f.a, f.i end,
    broadcast_shapes = function() return {2, 1}, {3} end,
    atleast_1d = function(f) return f.z end,
    rot90 = {x, with(1, {1, 2})}, fliplr = x, flipud = x,
    sliding_window_view = function(f) return f.v, 3 end,

    -- dtypes
    result_type = function(f) return f.a, f.i, 1 end,
    promote_types = function(f) return f.dtype, f.other end,
    can_cast = function(f) return f.dtype, f.other end,
    get_default_dtype = none,
    set_default_dtype = function(f) return f.float end,
    finfo = function(f) return f.float end, iinfo = function() return "int8" end,
    isdtype = function(f) return f.float, "real floating" end,
    isfortran = x, isrealobj = x, isscalar = x, __array_namespace__ = x,

    -- files, which are in memory (memory_files.c)
    load = {function() return named("a.npz") end, function() return named("a.npy"), {bfloat16 = true} end,
        function() return named("a.safetensors"), {map = false, raw = true} end, function() return named("a.pt") end},
    ["np.load"] = {function() return named("a.npy") end, function() return named("a.npz"), {mmap_mode = false} end},
    ["torch.load"] = {function() return named("a.pt") end, function() return named("a.pt"), {map_location = "cpu"} end},
    save = {function(f) return "b.npy", f.m.T end,
        function(f) return "b.npz", {x = f.a, y = f.c}, {compressed = true} end,
        function(f) return "b.safetensors", {x = f.a, y = f.b}, {metadata = {a = "b"}} end,
        function(f) return "b", {x = f.a, y = {f.a, 1, 2.5, "x", true}}, {format = "pt"} end},
    ["np.save"] = {function(f) return "b", f.a end, function() return "b.npy", {1, 2} end},
    ["torch.save"] = {function(f) return f.a, "b.pt" end, function(f) return {x = f.a, y = f.c.T}, "b.pt" end},
    loadtxt = {function() return named("a.txt") end,
        function() return named("a.txt"), {dtype = "float32", usecols = {2}, skiprows = 1, ndmin = 2} end},
    savetxt = {function(f) return "b.txt", f.a end, function(f) return "b.txt", f.a, {fmt = {"%g", "%5d", "%.2e"}} end},
    fromfile = {function() return named("a.txt"), {dtype = "uint8", count = 3, offset = 1} end,
        function() return named("a.txt"), {sep = " "} end},
    tofile = {with("b.bin"), with("b.txt", {sep = ","})},
    savez = {function(f) return "b", f.a, {x = f.m.T} end, function(f) return "b.npz", f.a, f.c end},

    -- printing, the engine
    array2string = {x, with({precision = 3})}, array_str = x, array_repr = x,
    set_printoptions = function() return {precision = 8} end, get_printoptions = none,
    memory = none, copies = none, isa = none, trim = none, last_error = none,
    set_threads = function() return 1 end, get_threads = none,
    set_num_threads = function() return 1 end, get_num_threads = none,
    names = function() return "torch" end,
    limit = function(f) return 2 ^ 30, function() return f.a + 1 end end,
    deadline = function(f) return 3600, function() return f.a + 1 end end,
    no_alloc = function(f) return function() return f.a:get(1, 1) end end,
    estimate = function(f) return function() return f.a + 1 end end,
    __array_namespace_info__ = none,
}

for name, same in pairs {
    __dlpack = "to_dlpack",
    as_tensor = "asarray", asanyarray = "asarray", ones = "zeros", empty = "zeros", ones_like = "zeros_like",
    empty_like = "zeros_like", new_ones = "new_zeros", new_empty = "new_zeros", dim = "ndim",
    ndimension = "ndim", nelement = "numel", element_size = "itemsize", untyped_storage = "storage",
    shares_memory = "shares", may_share_memory = "shares", swapaxes = "transpose",
    swapdims = "transpose", permute_dims = "permute", moveaxis = "movedim", matrix_transpose = "mT",
    reshape_as = "view_as", copyto = "copy_", repeat_ = "repeat", concat = "concatenate",
    std = "var", std_mean = "var_mean", nanprod = "nansum", nanmean = "nansum", nanstd = "nanvar",
    nanargmin = "nanargmax", nancumprod = "nancumsum", log_softmax = "softmax", trapz = "trapezoid",
    cumulative_prod = "cumulative_sum",
    savez_compressed = "savez",
    any = "all", prod = "sum", amax = "all", amin = "all", nanmax = "all", nanmin = "all",
    count_nonzero = "all", min = "max", argmin = "argmax", cumprod = "cumsum", cummin = "cummax",
    row_stack = "vstack", broadcast_tensors = "broadcast_arrays",
    atleast_2d = "atleast_1d", atleast_3d = "atleast_1d",
} do
    calls[name] = calls[same]
end
for name in ("float double half bfloat16 int long short char byte bool cfloat cdouble"):gmatch("%S+") do
    calls[name] = x
end

-- The elementwise operations, as core/ops/elementwise.def lists them. All of them write: to out=, or in
-- place.
local elementwise = {}
for line in io.lines("core/ops/elementwise.def") do
    local arity, rule, names = line:match('^TSR_ELEMENTWISE%(%w[%w_]*, (%d), ([%w_]+), [%w_]+, "([^"]+)"')
    local whole = rule and (rule:find("BITS") or rule:find("INTEGERS") or rule:find("SHIFT")) ~= nil
    for word in (names or ""):gmatch("%S+") do
        local name = word:gsub("^%w+:", "")
        local call = function(f)
            local first = whole and f.i or f.a
            if arity == "1" then
                return first
            end
            return first, (whole or rule == "SCALED") and f.i or f.o
        end
        calls[name] = calls[name] or call
        calls[name .. "_"] = calls[name .. "_"] or call
        elementwise[name], elementwise[name .. "_"] = true, true
    end
end
calls.where = {function(f) return f.b, f.a, f.o end, function(f) return f.b, f.a, 1, {out = f.o} end}

-- The elementwise functions that are composed of others, in scripts/tessera.
local function two(f) return f.a, f.o end
local function two_new(f) return f.a, f.o, {out = f.a:copy()} end
local function three(f) return f.a, f.o, f.a end
for names, call in pairs {
    ["relu relu_ relu6 silu frac frac_ deg2rad deg2rad_ rad2deg rad2deg_ radians degrees isneginf isposinf isreal "
        .. "iscomplex conj conjugate conj_physical conj_physical_ resolve_conj positive fabs"] = x,
    hardtanh = {x, with(-2, {max_val = 2})},
    leaky_relu = {x, with({negative_slope = 0.1})},
    elu = {x, with({alpha = 2})},
    gelu = {x, with({approximate = "tanh"})},
    softplus = {x, with({beta = 2, threshold = 3})},
    ["logit logit_"] = {x, with(0.1)},
    ["clamp clip clamp_ clip_"] = {with(2, 4), with({max = 3}), function(f) return f.a, f.o, f.a end},
    ["clamp_min clamp_max clamp_min_ clamp_max_"] = {with(2), two},
    ["round round_ around"] = {x, with({decimals = 1})},
    angle = {x, function(f) return f.c end},
    ["np.angle"] = {x, function(f) return f.c, {deg = true} end},
    ["nan_to_num nan_to_num_"] = {x, with({nan = 1, posinf = 2, neginf = 3})},
    ["np.nan_to_num"] = {x, with({copy = true, nan = 1, posinf = 2, neginf = 3}), function(f) return f.c end},
    ["frexp modf"] = x,
    ["np.frexp np.modf"] = {x, function(f)
        return f.a, {out = {f.a:copy(), f.a:copy()}}
    end},
    ["np.divmod"] = {two, function(f) return f.a, f.o, {out = {f.a:copy(), f.a:copy()}} end},
    ["div divide true_divide div_ divide_ true_divide_"] = {two, function(f)
        return f.a, f.o, {rounding_mode = "trunc"}
    end},
    ["logaddexp logaddexp2 xlogy xlogy_ ldexp ldexp_"] = {two},
    ["np.logaddexp"] = {two, two_new},
    ["rsub"] = function(f) return f.a, f.o, {alpha = 2} end,
    ["isclose allclose"] = function(f) return f.a, f.o, {rtol = 1, atol = 1, equal_nan = true} end,
    ["array_equal"] = function(f) return f.a, f.o, {equal_nan = true} end,
    ["array_equiv equal"] = two,
    ["lerp lerp_"] = {function(f) return f.a, f.o, 0.25 end, three},
    ["addcmul addcdiv addcmul_ addcdiv_"] = function(f) return f.a, f.o, f.a, {value = 2} end,
} do
    for name in names:gmatch("%S+") do
        calls[name] = call
        elementwise[name] = true
    end
end
calls["np.equal"], calls["ndarray:equal"] = two, two
local function whole_exponents(f) return f.a, f.i end
calls["np.ldexp"], calls["ndarray:ldexp"] = whole_exponents, whole_exponents
for _, name in ipairs {"np.divide", "np.true_divide", "ndarray:divide", "ndarray:true_divide"} do
    calls[name] = two
end

local support = {places = {"ts", "torch", "np", "tensor", "ndarray"}, elementwise = elementwise}

--- What the calls need, made by the functions of one face.
function support.fixture(ts, place)
    local torch = place == "torch" or place == "tensor"
    local face = torch and ts.torch or ts.np
    local f = {dtype = face.int32, other = face.float32, float = face.float32}
    local function make(data, dtype)
        return torch and face.tensor(data, {dtype = dtype}) or face.array(data, {dtype = dtype})
    end
    f.v = make({1, 2, 3, 4, 5, 6}, "float64")
    f.a = make({{1, 2, 3}, {4, 5, 6}}, "float64")
    f.o = make({{7, 8, 9}, {10, 11, 12}}, "float64")
    f.m = make({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}, "float64")
    f.k = make({{{1, 2}, {3, 4}, {5, 6}}, {{7, 8}, {9, 10}, {11, 12}}}, "float64")
    f.i = make({1, 2, 3}, "int64")
    f.z = make(42, "float64")
    f.c = make({{1, 2}, {3, 4}}, "complex64")
    f.p = make({{1, 2}, {3, 4}, {5, 6}}, "float32")
    f.b = make({{true, false, true}, {false, true, false}}, "bool")
    f.n = ts.np.array({{1, 2, 3}, {4, 5, 6}})
    return f
end

--- The calls of a name in a place, as a list of functions; nil when there are none.
function support.calls(place, name)
    local mark = (place == "tensor" or place == "ndarray") and ":" or "."
    local found = calls[place .. mark .. name] or calls[name]
    return type(found) == "function" and {found} or found
end

--- Calls visit(place, name, kind, get) for every name; get() gives its function of (x, ...).
function support.each(ts, visit)
    local samples = {tensor = ts.torch.zeros(1), ndarray = ts.np.zeros(1)}
    for _, place in ipairs(support.places) do
        local names, sorted = ts.names(place), {}
        if not rawget(_G, "jit") then
            names.from_ffi = nil -- an error on other Luas, as spec/ffi_spec.lua has it
        end
        for name in pairs(names) do
            sorted[#sorted + 1] = name
        end
        table.sort(sorted)
        for _, name in ipairs(sorted) do
            local kind = names[name]
            local f
            if kind == "property" then
                f = function(array)
                    local ours = type(array) == "userdata" and lender.check(array) ~= nil
                    return ours and array[name] or nil
                end
            elseif kind == "method" then
                f = samples[place][name]
            else
                f = (place == "ts" and ts or ts[place])[name]
            end
            visit(place, name, type(f) == "function" and kind or "value", f)
        end
    end
end

return support
