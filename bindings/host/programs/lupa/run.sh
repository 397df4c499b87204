#!/bin/sh
# lupa | LuaJIT | Python threads, each with a Lua of its own, blur a picture; NumPy in the process agrees
lua=5.1
. "$(dirname "$0")/../common.sh"
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$here/blur.py" "$here/blur.lua"
