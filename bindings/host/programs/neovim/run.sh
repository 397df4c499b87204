#!/bin/sh
# Neovim | LuaJIT | drops the outliers among the numbers of a buffer and scales the others
lua=5.1
. "$(dirname "$0")/../common.sh"
cp "$here/readings.txt" .
nvim --headless --clean readings.txt -c "luafile $here/filter.lua" -c '2,$Filter' -c wq
cat readings.txt
