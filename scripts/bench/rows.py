"""What the benchmark measures: one Row a line of the table.

`ours` is Lua, `numpy` and `torch` are Python, all repeated in a loop after their setups. `floors` are
Lua: what the first one is must be named by the targets. A target is (column, factor): ours is at most
`factor` times that column; columns are numpy, torch, or the name of a floor. `turns` says how many rounds
of how many repetitions, where the usual numbers do not fit.
"""
from collections import namedtuple

Row = namedtuple("Row", "name ours setup numpy torch python floors targets turns")

ROWS = []


def row(name, ours, setup="", numpy=None, torch=None, python="", floors=None, targets=(), turns=None):
    ROWS.append(Row(name, ours, setup, numpy, torch, python, floors or {}, targets, turns))


MAKING = {"plain": ("local make = floor.plain", "make()"),
          "finalized": ("local make = floor.finalized", "make()")}
READER = "local r = floor.reader()"

# ---- from face to face
row("t:numpy()", "t:numpy()", "local t = torch.zeros(8, 8)",
    torch="t.numpy()", python="t = torch.zeros(8, 8)", floors=MAKING,
    targets=[("plain", 2), ("finalized", 2), ("torch", 0.25)])
row("torch.from_numpy(a)", "from_numpy(a)",
    "local a, from_numpy = np.zeros(8, 8), torch.from_numpy",
    torch="from_numpy(a)", python="a = np.zeros((8, 8)); from_numpy = torch.from_numpy",
    floors=MAKING, targets=[("plain", 2), ("finalized", 2), ("torch", 0.25)])

# ---- views
VIEW = [("plain", 2.5), ("finalized", 2.5)]
A = "local a = np.zeros(16, 16)"
T = "local t = torch.zeros(16, 16)"
PA = "a = np.zeros((16, 16)); t = torch.zeros(16, 16)"


def view(name, ours, numpy, torch, setup=A, floors=MAKING):
    row(name, ours, setup, numpy=numpy, torch=torch, python=PA, floors=floors, targets=VIEW)


view('slice a["2:4"]', 'local v = a["2:4"]', "a[1:4]", "t[1:4]")
view("slice a[{ {2,4} }]", "local v = a[key]", "a[1:4]", "t[1:4]", A + "; local key = { {2, 4} }")
view("slice a[{ {2,4} }], new key", "local v = a[{ {2, 4} }]", "a[1:4]", "t[1:4]",
     floors={name: (setup, code + "; local key = { {2, 4} }") for name, (setup, code) in MAKING.items()})
view('slice a[":, ::-2"]', 'local v = a[":, ::-2"]', "a[:, ::-2]", None)
view("row a[i]", "local v = a[3]", "a[2]", "t[2]")
view("a.T", "local v = a.T", "a.T", "t.T")
view("t:t()", "local v = t:t()", None, "t.t()", T)
view("t:transpose(1, 2)", "local v = t:transpose(1, 2)", "a.swapaxes(0, 1)", "t.transpose(0, 1)", T)
view("t:permute(2, 1)", "local v = t:permute(2, 1)", "a.transpose(1, 0)", "t.permute(1, 0)", T)
view("t:select(1, 3)", "local v = t:select(1, 3)", "a[2]", "t.select(0, 2)", T)
view("t:narrow(1, 2, 3)", "local v = t:narrow(1, 2, 3)", "a[1:4]", "t.narrow(0, 1, 3)", T)
view("a:reshape(8, 32)", "local v = a:reshape(8, 32)", "a.reshape(8, 32)", "t.reshape(8, 32)")
view("t:view(8, 32)", "local v = t:view(8, 32)", None, "t.view(8, 32)", T)

# ---- single elements
ONE = [("reader", 2)]


def element(name, ours, floor, numpy, torch, python, setup):
    row(name, ours, setup, numpy=numpy, torch=torch, python=python,
        floors={"reader": (READER, floor)}, targets=ONE)


A1 = "local a = np.zeros(1000)"
T1 = "local t = torch.zeros(1000)"
I1 = "local a = np.zeros(1000, {dtype = np.int64})"
PA1 = "a = np.zeros(1000); t = torch.zeros(1000)"
element("a[i]", "local x = a[7]", "local x = r[7]", "a[6]", "t[6].item()", PA1, A1)
element("a[i] float32", "local x = t[7]", "local x = r[7]", None, None, PA1, T1)
element("a[i] int64", "local x = a[7]", "local x = r[7]", None, None, PA1, I1)
element("a:get(i)", "local x = a:get(7)", "local x = r:get(7)", "a.item(6)", "t[6].item()", PA1, A1)
element("a[i] = x", "a[7] = 1.5", "r[7] = 1.5", "a[6] = 1.5", "t[6] = 1.5", PA1, A1)
element("a:set(i, x)", "a:set(7, 1.5)", "r:set(7, 1.5)", "a.itemset(6, 1.5)", "t[6] = 1.5", PA1, A1)

# ---- lists
LIST = "local list = {}; for i = 1, 1000000 do list[i] = i * 0.5 end"
INTEGERS = "local list = {}; for i = 1, 1000000 do list[i] = i end"
row("torch.tensor(10^6 floats)", "local t = torch.tensor(list)", LIST,
    numpy="np.array(l)", torch="torch.tensor(l)", python="l = [i * 0.5 for i in range(1, 1000001)]",
    targets=[("numpy", 1)])
row("torch.tensor(10^6 integers)", "local t = torch.tensor(list)", INTEGERS,
    numpy="np.array(l)", torch="torch.tensor(l)", python="l = list(range(1, 1000001))",
    targets=[("numpy", 1)])
row("tolist() of 10^6 float64", "local l = a:tolist()", LIST + "; local a = np.array(list); list = nil",
    numpy="a.tolist()", torch="t.tolist()",
    python="a = np.arange(1, 1000001) * 0.5; t = torch.from_numpy(a)", targets=[("numpy", 1)])
row("tolist() of 10^6 float32", "local l = t:tolist()",
    LIST + "; local t = torch.tensor(list); list = nil", numpy="a.tolist()", torch="t.tolist()",
    python="a = (np.arange(1, 1000001) * 0.5).astype(np.float32); t = torch.from_numpy(a)",
    targets=[("numpy", 1)])
row("tolist() of 10^6 int64", "local l = a:tolist()", "local a = np.arange(1, 1000001)",
    numpy="a.tolist()", torch="t.tolist()", python="a = np.arange(1, 1000001); t = torch.from_numpy(a)",
    targets=[("numpy", 1)])

# ---- six elements: the least that an addition costs
for dtype, adder in (("float64", "adder"), ("float32", "adder32")):
    row("a + b of 6, " + dtype, "local c = a + b",
        "local a, b = np.ones(6, {dtype = '%s'}), np.ones(6, {dtype = '%s'})" % (dtype, dtype),
        numpy="a + b", torch="t + u",
        python="a = np.ones(6, np.%s); b = a.copy(); t = torch.from_numpy(a); u = torch.from_numpy(b)" % dtype,
        floors={"ten lines": ("local x, y = floor.%s()" % adder, "local z = x + y"),
                "with __gc": ("local x, y = floor.%s_gc()" % adder, "local z = x + y")},
        targets=[("ten lines", 1.6)])

# ---- results that die at once beside much that lives
BESIDE = "local beside = np.ones(40000000, {dtype = 'float32'}); "
row("a + b of 10^5 beside 160 MB", "local c = a + b; local _ = beside",
    BESIDE + "local a, b = np.ones(100000, {dtype = 'float32'}), np.ones(100000, {dtype = 'float32'})",
    numpy="a + b", torch="t + u",
    python="a = np.ones(100000, np.float32); b = a.copy(); t = torch.from_numpy(a); u = torch.from_numpy(b)",
    targets=[("numpy", 1)])

# ---- an expression as one program, and piece by piece; the floor is one addition of the same arrays
for dtype in ("float32", "float64"):
    XY = "local x, y = np.full(10000000, 1.5, {dtype = '%s'}), np.full(10000000, 2.5, {dtype = '%s'})" % (dtype, dtype)
    PXY = "x = np.full(10000000, 1.5, np.%s); y = np.full(10000000, 2.5, np.%s)" % (dtype, dtype) + \
        "; t = torch.from_numpy(x); u = torch.from_numpy(y)"
    row("fused chain 10^7 " + dtype, "local z = f(x, y)",
        XY + "; local f = ts.fuse(function(x, y) return (x*x + y*y):sqrt() * 2 + 1 end)",
        numpy="np.sqrt(x*x + y*y) * 2 + 1", torch="torch.sqrt(t*t + u*u) * 2 + 1", python=PXY,
        floors={"addition": (XY, "local z = x + y")}, targets=[("numpy", 0.25), ("addition", 1.3)])
row("unfused chain 10^7, loop of 100", "local z = np.sqrt(x*x + y*y) * 2 + 1",
    "local x, y = np.full(10000000, 1.5, {dtype = 'float32'}), np.full(10000000, 2.5, {dtype = 'float32'})",
    numpy="z = np.sqrt(x*x + y*y) * 2 + 1",
    python="x = np.full(10000000, 1.5, np.float32); y = np.full(10000000, 2.5, np.float32)",
    targets=[("numpy", 1)], turns=(5, 20))

# ---- 40 MB and its like
MB40 = "local a, b = np.ones(10000000, {dtype = 'float32'}), np.zeros(10000000, {dtype = 'float32'})"
PMB40 = ("a = np.ones(10000000, np.float32); b = np.zeros(10000000, np.float32); "
         "t = torch.from_numpy(a); u = torch.from_numpy(b)")
row("copy 40 MB into an array", "np.copyto(b, a)", MB40, numpy="np.copyto(b, a)", torch="u.copy_(t)",
    python=PMB40, floors={"memcpy": ("local copy = floor.copier(40000000)", "copy()")},
    targets=[("memcpy", 1 / 0.9)])
row("a:copy() of 40 MB", "local c = a:copy()", MB40, numpy="a.copy()", torch="t.clone()", python=PMB40,
    floors={"memcpy": ("local copy = floor.copier(40000000)", "copy()")}, targets=[("memcpy", 1 / 0.9)])
SQUARE = "local t = torch.ones(2048, 2048); local u = torch.zeros(2048, 2048)"
PSQUARE = ("a = np.ones((2048, 2048), np.float32); b = np.zeros((2048, 2048), np.float32); "
           "t = torch.from_numpy(a); u = torch.from_numpy(b)")
row("transposed copy 2048^2 into an array", "u:copy_(t:t())", SQUARE, numpy="np.copyto(b, a.T)",
    torch="u.copy_(t.t())", python=PSQUARE, targets=[("numpy", 0.25)])
row("transposed copy 2048^2", "local v = t:t():contiguous()", SQUARE,
    numpy="np.ascontiguousarray(a.T)", torch="t.t().contiguous()", python=PSQUARE,
    targets=[("numpy", 0.25)])
row("float32 to int32, 10^7", "local v = a:astype('int32')", MB40, numpy="a.astype(np.int32)",
    torch="t.to(torch.int32)", python=PMB40, targets=[("numpy", 1)])
BYTES = "local a = np.ones(10000000, {dtype = 'uint8'})"
PBYTES = "a = np.ones(10000000, np.uint8); t = torch.from_numpy(a)"
row("uint8 to float32, 10^7", "local v = a:astype('float32')", BYTES, numpy="a.astype(np.float32)",
    torch="t.to(torch.float32)", python=PBYTES, targets=[("numpy", 1)])
row('gather a["::2"]:copy() of 40 MB', 'local v = a["::2"]:copy()', MB40, numpy="a[::2].copy()",
    torch="t[::2].clone()", python=PMB40, targets=[("numpy", 1)])
row('gather into an array b = a["::2"]', 'np.copyto(b, a["::2"])',
    "local a = np.ones(10000000, {dtype = 'float32'}); local b = np.zeros(5000000, {dtype = 'float32'})",
    numpy="np.copyto(b, a[::2])", torch="u.copy_(t[::2])",
    python=PMB40.replace("np.zeros(10000000", "np.zeros(5000000"), targets=[("numpy", 1)])

# ---- memory that dies at once
row("1-MiB temporary", "local x = zeros(131072)", "local zeros = np.zeros", numpy="np.zeros(131072)",
    torch="zeros(131072)", python="zeros = lambda n: torch.zeros(n, dtype=torch.float64)")
row("1-MiB temporary, ones()", "local x = ones(131072)", "local ones = np.ones",
    numpy="np.ones(131072)", torch="ones(131072)",
    python="ones = lambda n: torch.ones(n, dtype=torch.float64)")
row("1-MiB temporary, empty()", "local x = empty(131072)", "local empty = np.empty",
    numpy="np.empty(131072)", torch="empty(131072)", python="empty = lambda n: torch.empty(n, dtype=torch.float64)")
row("opening and closing", "seconds open()", "local open = floor.opening(MODULE, 'luaopen_tessera')",
    targets=[("ns", 1e6)])

# ---- to other libraries and back. A library of the same state is given the array itself, which makes one object
# that owns something; through a capsule it is two, since a capsule that nobody takes has a struct to delete
TWO = {"finalized": ("local make = floor.finalized", "make()"),
       "two finalized": ("local make = floor.finalized", "make(); make()")}
row("DLPack through a capsule", "local t = from_dlpack(to_dlpack(a))",
    "local a, to_dlpack, from_dlpack = np.zeros(8, 8), ts.to_dlpack, torch.from_dlpack",
    numpy="np.from_dlpack(a)", torch="torch.from_dlpack(a)", python="a = np.zeros((8, 8))", floors=TWO,
    targets=[("two finalized", 2), ("torch", 1)])
row("torch.from_dlpack(a)", "local t = from_dlpack(a)", "local a, from_dlpack = np.zeros(8, 8), torch.from_dlpack",
    numpy="np.from_dlpack(a)", torch="torch.from_dlpack(a)", python="a = np.zeros((8, 8))", floors=TWO,
    targets=[("finalized", 2), ("torch", 1)])
