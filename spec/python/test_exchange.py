"""The Python package with real NumPy and real PyTorch: memory seen in place on all sides, rights, lifetimes in
every order, errors. Runs also with a library that has the address sanitizer."""
import array
import ctypes
import gc
import itertools
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
import weakref

import numpy as np
import torch

import tessera
from tessera import _native as native
from tessera._errors import KINDS

NUMPY = ["bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32",
         "float64", "complex64", "complex128"]
TORCH = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64",
         "complex128"]
# what the older struct cannot tell them: booleans are codes that NumPy 1.24 and PyTorch 1.13 do not know
NO_DLPACK = {"bool"}


def new_state(**options):
    return tessera.State(cache_limit=0, **options)


def address(x):
    if isinstance(x, torch.Tensor):
        return x.data_ptr()
    return x.__array_interface__["data"][0]


class Views(unittest.TestCase):
    def setUp(self):
        self.state = new_state()
        self.addCleanup(self.state.close)

    def test_every_dtype_of_numpy(self):
        for name in NUMPY:
            with self.subTest(name):
                a = np.arange(6).reshape(2, 3).astype(name)
                self.state.run("x = given; x[{2, 3}] = 1", given=a)
                self.assertEqual(a[1, 2], 1)
                x = self.state["x"]
                self.assertEqual((x.dtype, x.shape, x.strides, x.kind), (name, a.shape, a.strides, "lent"))
                self.assertEqual(address(x), address(a))
                outs = [np.asarray(x)] + ([] if name in NO_DLPACK else [np.from_dlpack(x)])
                for b in outs:
                    self.assertEqual((b.dtype, b.shape, address(b)), (a.dtype, a.shape, address(a)))
                    if b.flags.writeable:  # NumPy 1.24 writes to nothing that comes by DLPack
                        b[0, 1] = 0
                        self.assertEqual(a[0, 1], 0)
                    a[0, 1] = 1
                    self.assertEqual(b[0, 1], 1)
                self.assertTrue(self.state.run("return x[{1, 2}] == 1 or x[{1, 2}] == true or x:sum():tolist() ~= nil"))
                self.assertEqual(self.state.run("return ts.copies()"), 0)

    def test_every_dtype_of_pytorch(self):
        for name in TORCH:
            with self.subTest(name):
                t = torch.arange(6).reshape(2, 3).to(getattr(torch, name))
                self.state.run("x = given; assert(torch.is_tensor(x)); x[{2, 3}] = 1", given=t)
                self.assertEqual(t[1, 2].item(), 1)
                x = self.state["x"]
                self.assertEqual((x.dtype, x.shape, x.kind, address(x)), (name, (2, 3), "dlpack", t.data_ptr()))
                t[0, 1] = 0
                self.assertEqual(x.tolist()[0][1], 0)
                if name in NO_DLPACK:
                    self.assertRaises(Exception, torch.from_dlpack, x)
                    u = torch.from_numpy(np.asarray(x))
                else:
                    u = torch.from_dlpack(x)
                self.assertEqual((u.dtype, u.data_ptr(), tuple(u.shape)), (t.dtype, t.data_ptr(), (2, 3)))
                u[1, 1] = 1
                self.assertEqual(t[1, 1].item(), 1)
                self.assertEqual(self.state.run("return ts.copies()"), 0)

    def test_memory_of_scripts(self):
        for name in NUMPY + ["bfloat16"]:
            with self.subTest(name):
                self.state.run("y = np.ones({2, 3}, {dtype = name})", name=name)
                y = self.state["y"]
                self.assertEqual(y.kind, "owned")
                if name != "bfloat16":
                    a = np.asarray(y)
                    self.assertEqual((a.dtype.name, a.sum()), (name, 6))
                    a[0, 0] = 0
                if name in TORCH and name not in NO_DLPACK:
                    t = torch.from_dlpack(y)
                    self.assertEqual(t.data_ptr(), address(y))
                    t[0, 0] = 0
                self.assertEqual(y.tolist()[0], [0, 1, 1])
                self.assertEqual(self.state.run("return y['1, 1']"), y.tolist()[0][0]) if "complex" not in name else None

    def test_layouts(self):
        base = np.arange(24.0).reshape(2, 3, 4)
        layouts = {"strided": base[:, ::2, 1::2], "transposed": base.T, "negative": base[::-1, :, ::-1],
                   "0-d": base[1, 2, 3, ...], "empty": base[:0], "broadcast": np.broadcast_to(base[0, 0], (3, 4)),
                   "one": base[1:0:-1, :1, :2], "unaligned": np.frombuffer(bytearray(25), "u1")[1:].view("f8")}
        for name, a in layouts.items():
            with self.subTest(name):
                self.state["x"] = a
                x = self.state["x"]
                self.assertEqual(x.shape, a.shape)
                self.assertEqual(x.tolist(), a.tolist())
                b = np.asarray(x)
                self.assertEqual(b.tolist(), a.tolist())
                if a.size:
                    self.assertEqual(address(b), address(a))
                if a.size and name != "one":  # NumPy puts those of single elements right
                    self.assertEqual(b.strides, a.strides)
                if name == "negative":
                    for take in (np.from_dlpack, torch.from_dlpack):
                        self.assertRaisesRegex(BufferError, "negative", take, x)

                    class Willing:
                        def __dlpack__(self, **_):
                            return x.__dlpack__(negative=True)

                        def __dlpack_device__(self):
                            return x.__dlpack_device__()
                    c = np.from_dlpack(Willing())
                    self.assertEqual((c.strides, address(c)), (a.strides, address(a)))
                    self.assertEqual(np.from_dlpack(self.copied(x)).tolist(), a.tolist())
                elif a.flags.writeable:
                    self.assertEqual(np.from_dlpack(x).tolist(), a.tolist())
                    if name != "unaligned":
                        t = torch.from_dlpack(x)
                        self.assertEqual(t.tolist(), a.tolist())
                        self.assertTrue(a.size == 0 or t.data_ptr() == address(a))

    def test_the_other_byte_order(self):
        state = tessera.State(files=True)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "big.npy")
            np.save(path, np.array([1.5, -2, 3e300], ">f8"))
            state.run("x = require 'tessera'.load(path, {map = 'r'})", path=path)
            x = state["x"]
            a = np.asarray(x)
            self.assertEqual((a.dtype.str, a.tolist(), x.tolist()), (">f8", [1.5, -2, 3e300], [1.5, -2, 3e300]))
            self.assertRaisesRegex(BufferError, "byte order", x.memoryview)
            self.assertRaisesRegex(BufferError, "byte order", np.from_dlpack, x)
            self.assertEqual(np.from_dlpack(self.copied(x)).tolist(), a.tolist())
            self.assertEqual(np.from_dlpack(x.copy()).tolist(), a.tolist())

    def copied(self, x):
        class Copied:
            def __dlpack__(self, **_):
                return x.__dlpack__(copy=True)

            def __dlpack_device__(self):
                return 1, 0
        return Copied()

    def test_layouts_of_pytorch(self):
        base = torch.arange(24.0).reshape(2, 3, 4)
        for t in (base[:, ::2, 1::2], base.permute(2, 0, 1), base[1, 2, 3], base[:0], base[0, 0].expand(3, 4)):
            self.state["x"] = t
            x = self.state["x"]
            self.assertEqual((x.tolist(), x.shape), (t.tolist(), tuple(t.shape)))
            self.assertEqual(torch.from_dlpack(x).tolist(), t.tolist())
        self.assertRaises(RuntimeError, self.state.run, "", x=torch.zeros(2, requires_grad=True))

    def test_read_only_holds_across(self):
        a = np.arange(3.0)
        a.flags.writeable = False
        for given in (a, b"12345678" * 3, memoryview(b"12345678")):
            self.state["x"] = memoryview(given) if isinstance(given, bytes) else given
            with self.assertRaises(tessera.ReadOnlyError):
                self.state.run("x[1] = 5")
            x = self.state["x"]
            self.assertTrue(x.readonly)
            self.assertFalse(np.asarray(x).flags.writeable)
            self.assertTrue(x.memoryview().readonly)
            for take in (np.from_dlpack, torch.from_dlpack):
                self.assertRaisesRegex(BufferError, "read-only", take, x)
            t = torch.from_dlpack(self.copied(x))
            t[0] = 9
            self.assertNotEqual(x.tolist()[0], 9)
        self.state.lend("x", np.zeros(3), writable=False)
        self.assertRaises(tessera.ReadOnlyError, self.state.run, "x[1] = 5")
        self.state.run("y = np.zeros(3):readonly()")
        self.assertFalse(np.asarray(self.state["y"]).flags.writeable)
        with self.assertRaises(NotImplementedError):
            self.state.lend("x", a, writable=True)

    def test_buffers(self):
        given = bytearray(8)
        self.state.run("x[8] = 255", x=given)
        self.assertEqual(given[7], 255)
        with self.assertRaises(BufferError):
            given.append(1)  # it is lent
        self.state["x"] = None
        self.state.run("collectgarbage() collectgarbage()")
        given.append(1)
        for letter in "bBhHiIqQfd":
            numbers = array.array(letter, [1, 2, 3])
            self.state.run("x[2] = 7", x=numbers)
            self.assertEqual(numbers[1], 7)
            view = self.state["x"].memoryview()
            self.assertEqual((view.tolist(), view.nbytes), ([1, 7, 3], 3 * numbers.itemsize))
            view[0] = 5
            self.assertEqual(numbers[0], 5)
        self.state.run("y = np.arange(6):reshape(2, 3)")
        view = self.state["y"].memoryview()
        self.assertEqual(view.tolist(), [[0, 1, 2], [3, 4, 5]])
        view[1, 2] = 50
        self.assertEqual(self.state.run("return y[{2, 3}]"), 50)
        self.state.run("y = y.T")
        self.assertRaisesRegex(BufferError, "row-major", self.state["y"].memoryview)
        matrix = ((ctypes.c_double * 3) * 2)()
        self.state.run("assert(#x == 2); x[{2, 1}] = 4", x=matrix)
        self.assertEqual(matrix[1][0], 4)
        text = self.state.run("return np.frombuffer('abc', {dtype = 'uint8'})")
        self.assertRaisesRegex(BufferError, "export a copy", np.asarray, text)
        self.assertEqual(np.asarray(text.copy()).tolist(), [97, 98, 99])

    def test_what_is_refused(self):
        refused = [(np.zeros(3, ">f4"), TypeError), (np.zeros(3, "V5"), TypeError), (np.zeros(3, "M8[s]"), TypeError),
                   (np.array([None]), TypeError), (np.zeros(2, [("a", "i4"), ("b", "f4")]), TypeError),
                   (object(), NotImplementedError), (2 ** 63, ValueError), (np.ma.array([1.0, 2.0], mask=[0, 1]), None)]
        for given, kind in refused:
            if kind is not None:
                self.assertRaises(kind, self.state.run, "", x=given)
        self.assertEqual(self.state.memory()["lent"], 0)
        state = new_state()
        state.close()
        self.assertRaises(tessera.Error, state.run, "return 1")


class Holder(np.ndarray):
    """An array whose end can be seen."""


class Lifetimes(unittest.TestCase):
    def write(self, view):
        if not isinstance(view, np.ndarray) or view.flags.writeable:
            view[0] = 5

    def test_every_order_of_letting_go_of_lent_memory(self):
        takes = {"asarray": np.asarray, "numpy": np.from_dlpack, "torch": torch.from_dlpack,
                 "memoryview": lambda x: x.memoryview()}
        steps = ("owner", "state", "array", "view")
        for (take, how), order in itertools.product(takes.items(), itertools.permutations(steps)):
            with self.subTest(take=take, order=order):
                owner = np.arange(1000.0).view(Holder)
                end = weakref.ref(owner)
                state = new_state()
                state["x"] = owner
                alive = {"owner": owner, "state": state, "array": state["x"]}
                alive["view"] = how(alive["array"])
                del owner, state
                for step in order:
                    if step == "state":
                        alive["state"].close()
                    del alive[step]
                    gc.collect()
                    if "view" in alive:
                        self.assertEqual(alive["view"][999], 999)
                        self.write(alive["view"])
                    if "array" in alive:
                        self.assertEqual(alive["array"].tolist()[999], 999)
                    if "owner" in alive:
                        self.assertEqual(alive["owner"][999], 999)
                self.assertIsNone(end())

    def test_every_order_of_letting_go_of_memory_of_scripts(self):
        takes = {"asarray": np.asarray, "numpy": np.from_dlpack, "torch": torch.from_dlpack,
                 "memoryview": lambda x: x.memoryview()}
        for (take, how), order in itertools.product(takes.items(), itertools.permutations(("state", "array", "view"))):
            with self.subTest(take=take, order=order):
                state = new_state()
                state.run("y = np.arange(1000, {dtype = 'float64'})")
                alive = {"state": state, "array": state["y"]}
                alive["view"] = how(alive["array"])
                state.run("y:release()")
                del state
                for step in order:
                    if step == "state":
                        alive["state"].close()
                    del alive[step]
                    if "view" in alive:
                        self.assertEqual(alive["view"][999], 999)
                        self.write(alive["view"])
                    if "array" in alive:
                        self.assertEqual(alive["array"].tolist()[999], 999)

    def test_small_results(self):
        """They lie in their Lua object, until somebody else wants them."""
        state = new_state()
        outs = [take(state.run("return np.arange(3, {dtype = 'float64'}) + 1"))
                for take in (np.asarray, np.from_dlpack, torch.from_dlpack, lambda x: x.memoryview(), lambda x: x)]
        state.run("collectgarbage() collectgarbage()")
        state.close()
        self.assertEqual([out.tolist() for out in outs], [[1, 2, 3]] * 5)

    def test_memory_of_pytorch_in_a_state(self):
        t = torch.arange(1000.0)
        state = new_state()
        state.run("x = given; row = x['999:1000']", given=t)
        t = weakref.ref(t)
        state.run("x = nil; given = nil; collectgarbage()")
        row = state["row"]
        state.close()
        self.assertEqual(row.tolist(), [998, 999])
        u = torch.from_dlpack(row)
        del row
        self.assertEqual(u.tolist(), [998, 999])

    def test_between_states(self):
        a, b = new_state(), new_state()
        owner = np.zeros(3).view(Holder)
        end = weakref.ref(owner)
        a["x"] = owner
        b["x"] = a["x"]
        b.run("x[1] = 5; view = x['1:2']")
        self.assertEqual(owner[0], 5)
        a.close()
        del owner
        self.assertIsNotNone(end())
        self.assertEqual(b["view"].tolist(), [5, 0])
        b.close()
        self.assertIsNone(end())

    def test_capsules_that_nobody_takes(self):
        state = new_state()
        owner = np.zeros(3).view(Holder)
        end = weakref.ref(owner)
        state["x"] = owner
        x = state["x"]
        capsules = [x.__dlpack__(), x.__dlpack__(max_version=(1, 0)), x.__dlpack__(copy=True)]
        del owner, x
        state.close()
        self.assertIsNotNone(end())
        del capsules
        self.assertIsNone(end())

    def test_a_consumer_that_fails(self):
        """Its error comes through, although the capsule and with it the memory go while it is on its way."""
        state = new_state()
        for _ in range(3):
            owner = np.zeros(3, bool).view(Holder)
            end = weakref.ref(owner)
            state["x"] = owner
            x = state["x"]
            state["x"] = None
            state.run("collectgarbage() collectgarbage()")
            del owner

            class Only:
                def __dlpack__(self, **_):
                    nonlocal x
                    capsule, x = x.__dlpack__(), None
                    return capsule

                def __dlpack_device__(self):
                    return 1, 0
            with self.assertRaises(Exception) as caught:
                torch.from_dlpack(Only())
            self.assertNotIsInstance(caught.exception, SystemError)
            del caught
            gc.collect()
            self.assertIsNone(end())

    def test_letting_go_on_other_threads(self):
        state = new_state()
        owner = np.arange(10.0).view(Holder)
        end = weakref.ref(owner)
        state["x"] = owner
        views = [take(state["x"]) for take in (np.asarray, np.from_dlpack, torch.from_dlpack) * 4]
        del owner
        state.close()
        threads = [threading.Thread(target=views.pop) for _ in range(len(views))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertIsNone(end())

    def test_many_threads_and_a_state(self):
        state = new_state()
        state["x"] = np.zeros(4)

        def work():
            for _ in range(50):
                state.run("x:fill(x[1] + 1)")
                np.asarray(state["x"]).sum()
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(state["x"].tolist(), [200] * 4)

    def test_the_end_of_the_process(self):
        script = ("import numpy as np, torch, tessera\n"
                  "s = tessera.State(); s.run('y = np.zeros(9)', x=np.zeros(9), t=torch.zeros(9), b=bytearray(9))\n"
                  "kept = [np.asarray(s['x']), np.from_dlpack(s['y']), torch.from_dlpack(s['t']), s['b'], s['b'].memoryview(),"
                  " s['x'].__dlpack__()]\n"
                  "f = s.run('return function() end'); lease = s.lend('z', np.zeros(3)); kept.append(kept)\n")
        done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


class Leases(unittest.TestCase):
    def setUp(self):
        self.state = new_state()
        self.addCleanup(self.state.close)

    def test_taking_back(self):
        owner = np.zeros(3).view(Holder)
        end = weakref.ref(owner)
        lease = self.state.lend("x", owner)
        x = self.state["x"]
        self.assertEqual(x.tolist(), [0, 0, 0])
        lease.revoke()
        lease.revoke()
        del owner
        self.assertIsNone(end())
        self.assertTrue(lease.revoked and x.revoked)
        self.assertRaisesRegex(tessera.RevokedError, r"revoked by its host \(x\)", self.state.run, "x[1] = 1")
        self.assertRaises(ReferenceError, x.tolist)
        for take in (np.asarray, np.from_dlpack, torch.from_dlpack):
            self.assertRaises(tessera.RevokedError, take, x)
        with self.state.lend("x", np.zeros(3)):
            self.state.run("x[1] = 1")
        self.assertRaises(tessera.RevokedError, self.state.run, "x[1] = 1")

    def test_who_holds_memory_is_named(self):
        holders = {"a DLPack consumer": (np.from_dlpack, torch.from_dlpack, lambda x: x.__dlpack__()),
                   "Python": (np.asarray, lambda x: x.memoryview(), lambda x: x.__array_interface__ and x)}
        for holder, takes in holders.items():
            for take in takes:
                lease = self.state.lend("x", np.zeros(3))
                held = take(self.state["x"])
                with self.assertRaisesRegex(tessera.BusyError, r"storage \(x\) is held by " + holder):
                    lease.revoke()
                self.assertRaises(BufferError, lease.revoke)
                self.state.run("x[1] = 1")  # nothing changed
                del held
                gc.collect()
                lease.revoke()
                self.assertTrue(lease.revoked)

    def test_capsules_of_others_can_be_taken_back(self):
        t = torch.zeros(3)
        lease = self.state.lend("t", t, face="torch")
        self.assertTrue(self.state.run("t[1] = 4; return torch.is_tensor(t)"))
        lease.revoke()
        self.assertEqual(t.tolist(), [4, 0, 0])
        self.assertRaises(tessera.RevokedError, self.state.run, "t[1] = 1")


class Declarations(unittest.TestCase):
    """What the package says of the C headers is what they say."""

    def setUp(self):
        top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.text = ""
        for name in ("core/tessera.h", "bindings/host/tessera_lua.h"):
            with open(os.path.join(top, name)) as file:
                self.text += re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)

    def members(self, name):
        body = re.search(r"typedef struct %s \{(.*?)\n\} %s;" % (name, name), self.text, re.S).group(1)
        return re.findall(r"(\w+)(?:\[\w+\])?(?:\)\([^;]*\))?;", body.replace("\n", " "))

    def test_structs(self):
        fields = {name: [field[0] for field in getattr(native, name)._fields_]
                  for name in ("Error", "Config", "Buffer", "Memory", "DtypeInfo")}
        self.assertEqual(self.members("tsr_error"), fields["Error"])
        for c, ours in (("tessera_config", "Config"), ("tsr_buffer", "Buffer")):  # may grow: they tell their size
            self.assertEqual(self.members(c)[:len(fields[ours])], fields[ours])
        self.assertEqual(self.members("tsr_memory"), fields["Memory"][:-1])
        self.assertEqual(self.members("tsr_dtype_info"), fields["DtypeInfo"])
        inside = {"allocator": self.members("tsr_allocator"), "executor": self.members("tsr_executor")}
        expected = []
        for member in self.members("tsr_config"):
            expected += inside.get(member, [member])
        told = [{"executor": "self"}.get(field[0], field[0]) for field in native.CoreConfig._fields_]
        self.assertEqual(expected[:len(told)], told)

    def test_numbers(self):
        for name, value in (("TSR_DLPACK_LEGACY", native.LEGACY), ("TSR_DLPACK_NEGATIVE", native.NEGATIVE),
                            ("TSR_DLPACK_COPIED", native.COPIED), ("TSR_DLPACK_READONLY", native.READONLY),
                            ("TSR_DLPACK_WRITABLE", native.WRITABLE), ("TSR_READ", native.READ), ("TSR_WRITE", native.WRITE),
                            ("TESSERA_FILES", native.FILES), ("TESSERA_POINTERS", native.POINTERS),
                            ("TESSERA_THREADS", native.THREADS)):
            self.assertEqual(int(re.search(r"\b%s = (\d+)" % name, self.text).group(1)), value, name)
        kinds = re.search(r"typedef enum tsr_kind \{(.*?)\}", self.text, re.S).group(1)
        self.assertEqual(re.findall(r"\w+", kinds)[native.LENT], "TSR_LENT")
        statuses = re.findall(r"TSR_E\w+", re.search(r"typedef enum tsr_status \{(.*?)\}", self.text, re.S).group(1))
        self.assertEqual(["TSR_E" + kind.__name__[:-5].upper() for kind in KINDS[1:]],
                         [{"TSR_EIO": "TSR_EFILE"}.get(status, status) for status in statuses])


class Versioned(unittest.TestCase):
    """The struct that this NumPy and this PyTorch do not know yet, by its byte offsets."""

    def setUp(self):
        self.state = new_state()
        self.addCleanup(self.state.close)

    def test_out(self):
        self.state.run("x = np.arange(6, {dtype = 'float32'}):reshape(2, 3).T; r = x:readonly()")
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
        for name, options, flags in (("x", {}, 0), ("r", {}, 1), ("x", {"copy": True}, 2)):
            x = self.state[name]
            capsule = x.__dlpack__(max_version=(1, 3), **options)
            managed = pointer(capsule, b"dltensor_versioned")
            raw = ctypes.string_at(managed, 80)
            major, _, _, deleter, told = struct.unpack_from("<IIQQQ", raw)
            data, device, number, ndim, code, bits, lanes, shape, strides, offset = struct.unpack_from("<QiiiBBHQQQ", raw, 32)
            self.assertEqual((major, told, device, number, ndim), (1, flags, 1, 0, 2))
            self.assertEqual((code, bits, lanes, offset), (2, 32, 1, 0))
            self.assertNotEqual(deleter, 0)
            self.assertEqual(struct.unpack("<2q", ctypes.string_at(shape, 16)), (3, 2))
            if options:
                self.assertNotEqual(data, address(x))
            else:
                self.assertEqual((data, struct.unpack("<2q", ctypes.string_at(strides, 16))), (address(x), (1, 3)))

    def produce(self, flags, major=1):
        data = (ctypes.c_int16 * 6)(*range(6))
        dims = (ctypes.c_int64 * 4)(2, 3, 3, 1)
        where = ctypes.addressof(dims)
        deleter_type = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
        managed = ctypes.create_string_buffer(80)
        deleted = []
        deleter = deleter_type(lambda pointer: deleted.append(pointer == ctypes.addressof(managed)))
        struct.pack_into("<IIQQQ", managed, 0, major, 1, 0, ctypes.cast(deleter, ctypes.c_void_p).value, flags)
        struct.pack_into("<QiiiBBHQQQ", managed, 32, ctypes.addressof(data), 1, 0, 2, 0, 16, 1, where, where + 16, 0)

        class Producer:
            asked = None

            def __dlpack__(self, *, max_version=None, **_):
                self.asked = max_version
                new = ctypes.pythonapi.PyCapsule_New
                new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
                return new(ctypes.addressof(managed), b"dltensor_versioned", None)

            def __dlpack_device__(self):
                return 1, 0
        producer = Producer()
        producer.kept = data, dims, deleter, managed
        producer.data, producer.deleted = data, deleted
        return producer

    def test_in(self):
        for flags in (0, 1, 2):
            producer = self.produce(flags)
            self.state["x"] = producer
            self.assertGreaterEqual(producer.asked, (1, 0))
            x = self.state["x"]
            self.assertEqual((x.tolist(), x.readonly, x.dtype), ([[0, 1, 2], [3, 4, 5]], flags == 1, "int16"))
            producer.data[5] = 50
            self.assertEqual(self.state.run("return x[{2, 3}]"), 50)
            if flags == 1:
                self.assertRaises(tessera.ReadOnlyError, self.state.run, "x[{1, 1}] = 9")
            else:
                self.state.run("x[{1, 1}] = 9")
                self.assertEqual(producer.data[0], 9)
            self.assertEqual(producer.deleted, [])
            self.state["x"] = None
            self.state.run("collectgarbage() collectgarbage()")
            self.assertEqual(producer.deleted, [])
            del x
            self.assertEqual(producer.deleted, [True])
        producer = self.produce(0, major=2)
        self.assertRaises(NotImplementedError, self.state.run, "", x=producer)
        self.assertEqual(producer.deleted, [True])

    def test_a_used_capsule(self):
        capsule = torch.zeros(3).__dlpack__()

        class Twice:
            def __dlpack__(self):
                return capsule
        self.state["x"] = Twice()
        self.assertTrue(self.state["x"].readonly)  # a struct without version does not say
        self.assertRaises(NotImplementedError, self.state.run, "", y=Twice())
        capsule = torch.zeros(3).__dlpack__()
        self.state.lend("x", Twice(), writable=True)
        self.state.run("x[1] = 1")


class Scripts(unittest.TestCase):
    def setUp(self):
        self.state = new_state(quota=32 << 20)
        self.addCleanup(self.state.close)

    def test_values(self):
        for value in (None, True, False, 0, -2 ** 63, 2 ** 63 - 1, 0.5, float("inf"), "", "täst\0x", b"\xff\0",
                      [1, [2.5, "x"], {"a": True}], {"k": [1, 2], 5: "five"}, []):
            self.state["v"] = value
            self.assertEqual(self.state["v"], value)
            self.assertIs(type(self.state["v"]), type(value))
        self.assertIsNone(self.state["nothing"])
        self.assertEqual(self.state.run("return 1, 'a', nil"), (1, "a", None))
        self.assertIsNone(self.state.run("local x = 1"))
        self.assertEqual(self.state.run("return n + f", n=np.int32(3), f=np.float32(0.5)), 3.5)
        self.assertEqual(self.state.run("return #list, list[2][1]", list=(1, np.zeros(3))), (2, 0.0))
        total = self.state.run("return function(a, b) return a + b end")
        self.assertEqual(total(1, 2), 3)
        self.assertEqual(total(np.ones(3), 1).tolist(), [2, 2, 2])
        self.assertEqual(self.state.run("return f(4, 5)", f=total), 9)
        self.assertRaises(ValueError, new_state().run, "", f=total)
        loop = []
        loop.append(loop)
        self.assertRaises(ValueError, self.state.run, "", v=loop)
        self.assertRaises(ValueError, self.state.run, "v = {}; v[1] = v; return v")
        self.assertRaises(NotImplementedError, self.state.run, "return coroutine.create(print)")

    def test_errors_are_of_their_kinds(self):
        kinds = [("np.zeros(2, 3):reshape(5)", tessera.ShapeError, ValueError),
                 ("np.zeros(3):view('nope')", tessera.DtypeError, TypeError),
                 ("np.zeros(-1)", tessera.ShapeError, ValueError),
                 ("np.zeros(3):sum{axes = 1}", tessera.ValueError, ValueError),
                 ("return np.zeros(3)[5]", tessera.IndexError, IndexError),
                 ("np.zeros(1e9)", tessera.MemoryError, MemoryError),
                 ("np.zeros(3):readonly():fill(1)", tessera.ReadOnlyError, ValueError),
                 ("ts.set_threads(2)", tessera.LimitError, PermissionError),
                 ("np.zeros(3):data_ptr()", tessera.LimitError, PermissionError),
                 ("torch.from_dlpack(1)", tessera.UnsupportedError, NotImplementedError),
                 ("local t = torch.zeros(3); local n = t:numpy(); t:resize_(9)", tessera.BusyError, BufferError),
                 ("x = = 1", tessera.SyntaxError, SyntaxError),
                 ("error('mine')", tessera.LuaError, RuntimeError)]
        for source, kind, builtin in kinds:
            with self.subTest(source):
                with self.assertRaises(kind) as caught:
                    self.state.run(source)
                self.assertIsInstance(caught.exception, builtin)
                self.assertIsInstance(caught.exception, tessera.Error)
                self.assertTrue(str(caught.exception).startswith("script:1:"), str(caught.exception))
        with self.assertRaises(tessera.LuaError) as caught:
            self.state.run("error {code = 5}")
        self.assertEqual(caught.exception.value, {"code": 5})
        self.assertRaisesRegex(tessera.LuaError, "^mine:2: ", self.state.run, "\nerror('x')", chunk_name="mine")
        # a script's own error after one of the library's
        self.state.run("pcall(np.zeros, -1)")
        self.assertRaises(tessera.LuaError, self.state.run, "error('other')")
        # what globals raise is an error too, not the end of the process
        self.state.run("setmetatable(_G, {__index = function(_, k) error('no ' .. k) end})")
        self.assertRaisesRegex(tessera.LuaError, "no such", lambda: self.state["such"])

    def test_cancelling(self):
        self.state.cancel()
        self.assertRaises(tessera.CancelledError, self.state.run, "np.ones(1000000):sum()")
        self.state.clear_cancel()
        self.state.run("np.ones(1000):sum()")
        timer = threading.Timer(0.05, self.state.cancel)
        timer.start()
        self.assertRaises(tessera.CancelledError, self.state.run, "while true do np.ones(1000):sum() end")
        timer.join()

    def raise_interrupts(self):
        """A program that a shell started in the background ignores the signal, as its parent does."""
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))

    def test_interrupting(self):
        self.raise_interrupts()

        def soon(send):
            timer = threading.Timer(0.1, send)
            timer.start()
            return timer

        here, main = os.getpid(), threading.main_thread().ident
        sends = {"to the process": lambda: os.kill(here, signal.SIGINT),
                 "to the main thread": lambda: signal.pthread_kill(main, signal.SIGINT),
                 "to another thread": lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT)}
        state = new_state()
        self.addCleanup(state.close)
        for name, send in sends.items():
            for script in ("while true do end", "while true do np.ones(1000):sum() end", "local y = np.zeros(2^23); while true do np.exp(y, {out = y}) end",
                           "while true do pcall(function() while true do end end) end", "repeat pcall(np.ones, 9) until false"):
                with self.subTest(name, script=script):
                    timer = soon(send)
                    self.assertRaises(KeyboardInterrupt, state.run, script)
                    timer.join()
                    self.assertEqual(state.run("return np.ones(3):sum():item()"), 3)
                    self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)
        spin = state.run("return function() while true do end end")
        timer = soon(sends["to the process"])
        self.assertRaises(KeyboardInterrupt, spin)
        timer.join()

    def test_interrupting_when_python_does_not_raise(self):
        self.raise_interrupts()
        seen = []
        signal.signal(signal.SIGINT, lambda *_: seen.append(1))
        script = "local n = 0; for i = 1, 2e7 do n = n + 1 end; return n"
        for handler in (signal.getsignal(signal.SIGINT), signal.SIG_IGN):
            signal.signal(signal.SIGINT, handler)
            timer = threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            self.assertEqual(self.state.run(script), 2e7)
            timer.join()
        self.assertEqual(seen, [1])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        other = threading.Thread(target=self.state.run, args=(script,))
        other.start()
        with self.assertRaises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            other.join()
        other.join()

    def test_memory(self):
        self.state.run("y = np.zeros(1000)", x=np.zeros(500))
        figures = self.state.memory()
        self.assertEqual((figures["lent"], figures["quota"]), (4000, 32 << 20))
        self.assertGreaterEqual(figures["current"], 8000)



if __name__ == "__main__":
    unittest.main()
