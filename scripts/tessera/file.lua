--- Files: ts.load and ts.save, np.load, np.save, np.savez, torch.load, torch.save, ts.safetensors.
--
-- The work is done by bindings/lua/file.c; here are names, options and defaults as people know them.
-- Arrays come on the face whose files they are from: ndarrays out of .npy and .npz, tensors out of
-- safetensors and .pt. With the capability for files off every function here is an error.
local ts, torch, np, core = ...
local arguments = core.require("arguments")
local define, bind, fail, named = core.define, core.bind, arguments.fail, core.named

-- ---- opening

local open_names = {"map|mmap_mode", "bfloat16", "raw"}

--- The file at `path` for an operation: the file object, its format, and the array of an .npy.
local function open(operation, path, ...)
    return named(operation, core.file_open)(path, ...)
end

define("ts.load", "load(path, {map = \"r\"/\"c\"/\"r+\"/false, bfloat16, raw})",
    "What is in a file of NumPy, PyTorch or safetensors: the array of an .npy; of others a file object, whose "
    .. "arrays are file.name or file:get(name), read when they are asked for. With map, arrays are views of "
    .. "the file (\"r\" read-only, \"c\" copied when written, \"r+\" shared), until file:close() revokes them; of a "
    .. "mapped .npy the file object is the second result. bfloat16: \"<V2\" is bfloat16. raw: dtypes that there are "
    .. "not here come as bytes.",
    function(path, ...)
        local map, bfloat16, raw
        path, map, bfloat16, raw = bind("load", 1, open_names, path, ...)
        local file, _, array = open("load", path, map, bfloat16, raw)
        if array == nil then
            return file
        elseif not map then
            return array
        end
        return array, file
    end)

--- Opens and sees that the format is one of those that the operation reads.
local function open_of(operation, formats, path, ...)
    local file, format, array = open(operation, path, ...)
    if not formats[format] then
        file:close()
        fail("unsupported", operation, "%s is of the format %s: use ts.load", path, format)
    end
    return file, format, array
end

define("np.load", "load(path, {mmap_mode = \"r\"/\"c\"/\"r+\", bfloat16, raw})",
    "The array of an .npy file, or the arrays of an .npz file as file.name; see ts.load.", function(path, ...)
        local map, pickle, bfloat16, raw
        path, map, pickle, bfloat16, raw = bind("load", 1, {
            "mmap_mode|map", "allow_pickle", "bfloat16", "raw",
        }, path, ...)
        if arguments.boolean("load", "allow_pickle", pickle, false) then
            fail("unsupported", "load", "pickles are never run")
        end
        local file, _, array = open_of("load", {npy = true, npz = true}, path, map, bfloat16, raw)
        if array == nil then
            return file
        end
        return array
    end)

--- A value of a .pt file as Lua values. What is shared in the file is shared here.
local function build(file, number, seen)
    local kind, value = named("load", core.file_value)(file, number)
    if kind == "none" then
        return nil
    elseif kind == "leaf" then
        return value
    end
    local made = {}
    seen[number] = made
    local function item(i)
        local n = value[i]
        if seen[n] == nil then
            seen[n] = build(file, n, seen)
        end
        return seen[n]
    end
    if kind == "list" then
        for i = 1, #value do
            made[i] = item(i)
        end
    else
        for i = 1, #value, 2 do
            local key = item(i)
            if key ~= nil and key == key then
                made[key] = item(i + 1)
            end
        end
    end
    return made
end

define("torch.load", "load(path, {mmap, map_location = \"cpu\"})",
    "What torch.save wrote: tensors, and tables of them; dicts and lists are tables, devices are strings, attributes "
    .. "that Python gave to tensors are dropped. mmap = true maps the tensors, copied when they are written.",
    function(path, ...)
        local location, mmap, only
        path, location, mmap, only = bind("load", 1, {"map_location", "mmap", "weights_only"}, path, ...)
        if location ~= nil and location ~= "cpu" then
            fail("unsupported", "load", "the only device is \"cpu\"")
        end
        arguments.boolean("load", "weights_only", only, true)
        mmap = arguments.boolean("load", "mmap", mmap, false)
        local file = open_of("load", {pt = true}, path, mmap and "c" or false)
        local made = build(file, named("load", core.file_value)(file), {})
        if not mmap then
            file:close()
        end
        return made
    end)

-- ---- saving

--- An array of any value that can be one.
local function array(operation, face, x)
    return arguments.array(operation, face, x)
end

--- Names and arrays of a table of named arrays.
local function unzip(operation, face, x)
    local arrays = {}
    if type(x) ~= "table" then
        fail("value", operation, "a table of named arrays was expected, not %s", x == nil and "nothing" or type(x))
    end
    local names, other = core.sorted_keys(x)
    local first = other or type(names[1] or "") -- strings come last
    if first ~= "string" then
        fail("value", operation, "arrays are given by name, and a name is a string, not a %s", first)
    end
    for i, name in ipairs(names) do
        arrays[i] = array(operation, face, x[name])
    end
    return names, arrays
end

local function with_ending(path, ending)
    if type(path) == "string" and path ~= "" and path:sub(-#ending) ~= ending then
        return path .. ending
    end
    return path
end

local function save_npy(operation, path, x)
    named(operation, core.file_save)(path, "npy", {""}, {array(operation, np, x)})
end

define("np.save", "save(path, x)", "Writes an array as .npy; the name gets that ending if it has another one.",
    function(path, ...)
        local x, pickle
        path, x, pickle = bind("save", 2, {"allow_pickle"}, path, ...)
        arguments.boolean("save", "allow_pickle", pickle, false)
        save_npy("save", with_ending(path, ".npy"), x)
    end)

local function save_npz(operation, path, compressed, x)
    local names, arrays = unzip(operation, np, x)
    named(operation, core.file_save)(path, "npz", names, arrays, compressed)
end

--- savez(path, x, y, ..., {name = z}): those without a name are called arr_0, arr_1, ... as NumPy does.
local function savez(operation, compressed)
    return function(path, ...)
        local given, count, all = {...}, select("#", ...), {}
        local last = given[count]
        if type(last) == "table" and #last == 0 and not arguments.is_array(last) then
            count = count - 1
            for name, x in pairs(last) do
                all[name] = x
            end
        end
        for i = 1, count do
            local name = ("arr_%d"):format(i - 1)
            if all[name] ~= nil then
                fail("value", operation, "the name %s is used for an array without a name", name)
            elseif given[i] == nil then
                fail("value", operation, "argument %d must be an array, not nil", i + 1)
            end
            all[name] = given[i]
        end
        save_npz(operation, with_ending(path, ".npz"), compressed, all)
    end
end

define("np.savez", "savez(path, x, ..., {name = y, ...})",
    "Writes arrays into an .npz archive; those without a name are called arr_0, arr_1, ...", savez("savez", false))
define("np.savez_compressed", "savez_compressed(path, x, ..., {name = y, ...})",
    "The same, compressed; needs zlib.", savez("savez_compressed", true))

local function save_safetensors(operation, path, x, metadata)
    local names, arrays = unzip(operation, torch, x)
    local texts = {}
    if metadata ~= nil and type(metadata) ~= "table" then
        fail("value", operation, "metadata is a table of strings, not %s", type(metadata))
    end
    for key, text in pairs(metadata or {}) do
        if type(key) ~= "string" or type(text) ~= "string" then
            fail("value", operation, "metadata has strings only, by name, not a %s", type(text))
        end
    end
    for _, key in ipairs(core.sorted_keys(metadata or {})) do
        texts[#texts + 1] = key
        texts[#texts + 1] = metadata[key]
    end
    named(operation, core.file_save)(path, "safetensors", names, arrays, false, texts)
end

local safetensors = {
    load = function(path, ...)
        local map, raw
        path, map, raw = bind("load", 1, {"map", "raw"}, path, ...)
        return (open_of("load", {safetensors = true}, path, map, false, raw))
    end,
    save = function(path, ...)
        local x, metadata
        path, x, metadata = bind("save", 2, {"metadata"}, path, ...)
        save_safetensors("save", path, x, metadata)
    end,
}

define("ts.safetensors", "safetensors.load(path, {map, raw}), safetensors.save(path, {name = x}, {metadata})",
    "The files of safetensors: load gives a file, see ts.load; file:metadata() is a table of texts.", safetensors)

local leaves = {number = true, string = true, boolean = true, userdata = true} -- a dtype, or refused later

--- Writes down a value as it would be read aloud: kinds and payloads, and the arrays in their order.
local function flatten(operation, x, kinds, payloads, arrays, inside)
    local n = #kinds + 1
    if arguments.is_array(x) then
        arrays[#arrays + 1] = x
        kinds[n], payloads[n] = "leaf", x
    elseif leaves[type(x)] then
        kinds[n], payloads[n] = "leaf", x
    elseif x == nil then
        kinds[n], payloads[n] = "none", false
    elseif type(x) ~= "table" then
        fail("value", operation, "a %s cannot be saved", type(x))
    elseif inside[x] then
        fail("value", operation, "a table that contains itself cannot be saved")
    else
        local keys, other = core.sorted_keys(x)
        local length = #x
        if not keys then
            fail("value", operation, "a table with a key that is a %s cannot be saved", other)
        end
        for i = 1, length > 0 and #keys or 0 do
            local key = keys[i]
            if type(key) ~= "number" or key < 1 or key > length or key ~= math.floor(key) then
                fail("value", operation, "a table that is a list and has names too cannot be saved")
            end
        end
        inside[x] = true
        kinds[n], payloads[n] = length > 0 and "list" or "dict", length > 0 and length or #keys
        for i = 1, length do
            flatten(operation, x[i], kinds, payloads, arrays, inside)
        end
        for i = 1, length == 0 and #keys or 0 do
            flatten(operation, keys[i], kinds, payloads, arrays, inside)
            flatten(operation, x[keys[i]], kinds, payloads, arrays, inside)
        end
        inside[x] = nil
    end
end

local function save_pt(operation, path, x)
    local kinds, payloads, arrays = {}, {}, {}
    flatten(operation, x, kinds, payloads, arrays, {})
    named(operation, core.file_save)(path, "pt", {}, arrays, false, nil, kinds, payloads)
end

define("torch.save", "save(x, path)",
    "Writes a tensor, or a table of tensors, tables, numbers, strings, booleans and dtypes, as PyTorch does: tables "
    .. "with names become dicts, others lists; tensors that share memory share it there. PyTorch reads uint16, "
    .. "uint32 and uint64 since it has them, which is 2.3.", function(x, ...)
        local path
        x, path = bind("save", 1, {"f|path"}, x, ...)
        save_pt("save", path, x)
    end)

local writers = {
    npy = function(path, x) save_npy("save", path, x) end,
    npz = function(path, x, compressed) save_npz("save", path, compressed, x) end,
    safetensors = function(path, x, _, metadata) save_safetensors("save", path, x, metadata) end,
    pt = function(path, x) save_pt("save", path, x) end,
}
writers.pth = writers.pt

define("ts.save", "save(path, x, {format, compressed, metadata})",
    "Writes to a file in the format that its ending tells, or format: \"npy\" (an array), \"npz\" or "
    .. "\"safetensors\" (a table of named arrays), \"pt\" (what torch.save takes).", function(path, ...)
        local x, format, compressed, metadata
        path, x, format, compressed, metadata = bind("save", 2, {"format", "compressed", "metadata"}, path, ...)
        if format == nil and type(path) == "string" then
            format = path:match("%.(%w+)$")
        end
        if not writers[format] then
            fail("value", "save", "no format: the name should end in .npy, .npz, .safetensors, .pt or .pth")
        end
        writers[format](path, x, arguments.boolean("save", "compressed", compressed, false), metadata)
    end)

return ts
