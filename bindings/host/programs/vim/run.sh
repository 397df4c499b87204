#!/bin/sh
# Vim | 5.2 | sorts the rows of a table in a buffer and appends sums and means of its columns
lua=5.2
. "$(dirname "$0")/../common.sh"
printf '1 2.5 10\n3 3.5 40\n2 4.5 30\n4 5.5 20\n' >table.txt
vim.nox -es -u NONE -N table.txt -c "luafile $here/columns.lua" -c wq
cat table.txt
