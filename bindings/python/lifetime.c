/* The two callbacks of the Python package that cannot be written in Python: they run wherever the
 * last reference goes, on any thread, and also while a Python exception is on its way, which must
 * come through unharmed; so no Python code may run in them. Python's functions are looked up in the
 * process when it has them (weak), since nothing here is built against Python. */
#include "tessera.h"

typedef struct _object PyObject;

#define PYTHON(type, name, ...) extern type name(__VA_ARGS__) __attribute__((weak));
PYTHON(int, Py_IsInitialized, void)
PYTHON(int, PyGILState_Ensure, void)
PYTHON(void, PyGILState_Release, int)
PYTHON(void, PyErr_Fetch, PyObject **, PyObject **, PyObject **)
PYTHON(void, PyErr_Restore, PyObject *, PyObject *, PyObject *)
PYTHON(void, Py_DecRef, PyObject *)
PYTHON(int, PyCapsule_IsValid, PyObject *, const char *)
PYTHON(void *, PyCapsule_GetPointer, PyObject *, const char *)
#undef PYTHON

TSR_API void tessera_python_release(void *owner, void *data);
TSR_API void tessera_python_drop_capsule(PyObject *capsule);

/* A storage's release callback: lets go of the Python object that owns the memory. After Python has
 * ended there is nothing to let go of. */
void tessera_python_release(void *owner, void *data) {
    (void)data;
    if (Py_IsInitialized == NULL || !Py_IsInitialized())
        return;
    int gil = PyGILState_Ensure();
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    Py_DecRef(owner);
    PyErr_Restore(type, value, traceback);
    PyGILState_Release(gil);
}

/* The destructor of our capsules: deletes the struct if nobody took it (who does renames it). */
void tessera_python_drop_capsule(PyObject *capsule) {
    static const char *const names[] = {"dltensor_versioned", "dltensor"};
    static const unsigned options[] = {0, TSR_DLPACK_LEGACY};
    for (int i = 0; i < 2; i++)
        if (PyCapsule_IsValid(capsule, names[i]))
            tsr_dlpack_delete(PyCapsule_GetPointer(capsule, names[i]), options[i]);
}
