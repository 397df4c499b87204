--- Numbers as text and as bare bytes: np.loadtxt, np.savetxt, np.fromfile, x:tofile. In every locale the
-- decimal point is a point.
local _, torch, np, core = ...
local arguments = core.require("arguments")
local define, bind, fail, named = core.define, core.bind, arguments.fail, core.named

--- How the elements of a dtype are read and written: "f", "i" or "u".
local function kind_of(operation, dtype)
    local kind = dtype.kind
    if kind == "c" then
        fail("unsupported", operation, "complex numbers are neither read nor written as text")
    end
    return kind == "f" and "f" or dtype == np.uint64 and "u" or "i"
end

local function text_option(operation, what, x, otherwise)
    if x == nil then
        return otherwise
    elseif type(x) ~= "string" then
        fail("value", operation, "%s must be a string, not %s", what, type(x))
    end
    return x
end

local function delimiter_option(operation, x)
    x = text_option(operation, "delimiter", x)
    if x == "" or x and x:find("\n", 1, true) then
        fail("value", operation, "a delimiter is not empty, and no end of a line")
    end
    return x
end

--- `dtype` for a text: read as 64 bits, then converted.
local function read_text(operation, text, dtype, ...)
    local wanted = np.dtype(dtype or "float64")
    local found = named(operation, core.text_read)(text, kind_of(operation, wanted), ...)
    return found.dtype == wanted and found or found:astype(wanted)
end

define("np.loadtxt", "loadtxt(path, {dtype, comments = \"#\", delimiter, skiprows, usecols, unpack, ndmin, max_rows})",
    "The numbers in a text file, a row a line; columns are counted from 1.", function(path, ...)
        local dtype, comments, delimiter, skip, columns, unpack, ndmin, most
        path, dtype, comments, delimiter, skip, columns, unpack, ndmin, most = bind("loadtxt", 1, {
            "dtype", "comments", "delimiter", "skiprows", "usecols", "unpack", "ndmin", "max_rows",
        }, path, ...)
        comments = comments == nil and "#" or comments
        if type(comments) == "string" then
            comments = {comments}
        elseif type(comments) ~= "table" and comments ~= false then
            fail("value", "loadtxt", "comments is a string, a table of strings, or false")
        end
        for i = 1, comments and #comments or 0 do
            text_option("loadtxt", "a comment", comments[i])
        end
        delimiter = delimiter_option("loadtxt", delimiter)
        skip = arguments.integer("loadtxt", "skiprows", skip, 0)
        most = arguments.integer("loadtxt", "max_rows", most, -1)
        columns = columns ~= nil and arguments.integers("loadtxt", "usecols", columns) or nil
        for i = 1, columns and #columns or 0 do
            if columns[i] < 1 then
                fail("index", "loadtxt", "columns are counted from 1")
            end
        end
        unpack = arguments.boolean("loadtxt", "unpack", unpack, false)
        ndmin = arguments.integer("loadtxt", "ndmin", ndmin, 0)
        local text = named("loadtxt", core.file_text)(path)
        local x = read_text("loadtxt", text, dtype, delimiter, comments or nil, skip, most, columns)
        if ndmin < 2 then
            local rows, count = x.shape[1], x.shape[2]
            if rows == 0 then
                x = x:reshape(-1)
            elseif rows == 1 and count == 1 then
                x = x:reshape(ndmin == 1 and {1} or {})
            elseif rows == 1 or count == 1 then
                x = x:reshape(-1)
            end
        end
        return unpack and x.T or x
    end)

--- A format as printf writes it, taken apart: {conversion, flags, width, precision}.
local function parse_format(operation, format)
    text_option(operation, "a format", format)
    local flags, width, precision, conversion = (format or ""):match("^%%([-+ 0]*)(%d*)%.?(%d*)([dfeg])$")
    if not flags then
        fail("value", operation, "\"%s\" is no format: they are like \"%%.6e\", \"%%8.3f\", \"%%g\", \"%%d\"",
            tostring(format))
    end
    width, precision = tonumber(width) or 0, tonumber(precision) or 6
    if width > 1000 or precision > 1000 then
        fail("value", operation, "\"%s\" asks for more than 1000 characters", format)
    end
    return {conversion, flags, width, precision}
end

--- x as a row-major matrix of 64-bit numbers.
local function matrix(operation, x)
    x = np.asarray(arguments.array(operation, np, x))
    if x.ndim > 2 or x.ndim == 0 then
        fail("shape", operation, "needs 1 or 2 dimensions, the shape is %s", arguments.shape(x.shape))
    end
    local kind = kind_of(operation, x.dtype)
    x = x:astype(kind == "f" and "float64" or kind == "u" and "uint64" or "int64")
    return x.ndim == 2 and x or x:reshape({-1, 1})
end

local function text_of(operation, x, formats, delimiter, newline)
    return named(operation, core.text_write)(x, formats, delimiter, newline)
end

define("np.savetxt", "savetxt(path, x, {fmt = \"%.18e\", delimiter = \" \", newline, header, footer, comments})",
    "Writes an array of at most two dimensions as text; fmt is one format or a table of them, a column each.",
    function(path, ...)
        local x, fmt, delimiter, newline, header, footer, comments
        path, x, fmt, delimiter, newline, header, footer, comments = bind("savetxt", 2, {
            "fmt", "delimiter", "newline", "header", "footer", "comments",
        }, path, ...)
        x = matrix("savetxt", x)
        delimiter = text_option("savetxt", "delimiter", delimiter, " ")
        newline = text_option("savetxt", "newline", newline, "\n")
        comments = text_option("savetxt", "comments", comments, "# ")
        local formats = type(fmt) == "table" and fmt or {fmt == nil and "%.18e" or fmt}
        if #formats ~= 1 and #formats ~= x.shape[2] then
            fail("value", "savetxt", "%d formats for %d columns", #formats, x.shape[2])
        end
        local parsed = {}
        for i = 1, #formats do
            parsed[i] = parse_format("savetxt", formats[i])
        end
        local function remark(text)
            text = text_option("savetxt", "header and footer", text, "")
            return text == "" and "" or comments .. text:gsub("\n", function()
                return "\n" .. comments
            end) .. newline
        end
        local before, behind = remark(header), remark(footer)
        local text = text_of("savetxt", x, parsed, delimiter, newline)
        named("savetxt", core.file_write)(path, before .. text .. behind)
    end)

define("np.fromfile", "fromfile(path, {dtype = \"float64\", count = -1, sep = \"\", offset = 0})",
    "The elements in a file that has nothing else: bytes, or numbers with sep between them.", function(path, ...)
        local dtype, count, sep, offset
        path, dtype, count, sep, offset = bind("fromfile", 1, {"dtype", "count", "sep", "offset"}, path, ...)
        count = arguments.integer("fromfile", "count", count, -1)
        offset = arguments.integer("fromfile", "offset", offset, 0)
        sep = text_option("fromfile", "sep", sep, "")
        dtype = np.dtype(dtype or "float64")
        if sep ~= "" then
            local text = named("fromfile", core.file_text)(path):gsub("\n", " ")
            local delimiter = sep:match("^%s*(.-)%s*$")
            local x = read_text("fromfile", text, dtype, delimiter ~= "" and delimiter or nil, nil, 0, -1)
            x = x:reshape(-1)
            return count >= 0 and count < x.size and x[{ {1, count} }] or x
        end
        local bytes = named("fromfile", core.file_bytes)(path, offset, count >= 0 and count * dtype.itemsize or nil)
        local rest = bytes.size % dtype.itemsize
        if rest > 0 then
            bytes = bytes[{ {1, bytes.size - rest} }]
        end
        return bytes:view(dtype)
    end)

define("a:tofile t:tofile", "x:tofile(path, {sep = \"\", format})",
    "Writes the elements and nothing else, row-major: their bytes, or numbers with sep between them.",
    function(x, ...)
        local path, sep, format
        x, path, sep, format = bind("tofile", 2, {"sep", "format"}, x, ...)
        if not arguments.is_array(x) then
            fail("value", "tofile", "an array was expected, not %s", x == nil and "nothing" or type(x))
        end
        sep = text_option("tofile", "sep", sep, "")
        if sep == "" then
            return named("tofile", core.file_write)(path, nil, x)
        end
        x = torch.is_tensor(x) and x:numpy() or x
        local formats = {parse_format("tofile", format or (x.dtype.kind == "f" and "%.17g" or "%d"))}
        x = matrix("tofile", x:reshape(-1)):reshape({1, -1})
        named("tofile", core.file_write)(path, text_of("tofile", x, formats, sep, ""))
    end)

return np
