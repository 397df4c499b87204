#!/bin/sh
# texlua | 5.3 | fits a line to measurements and writes a table for LaTeX
lua=5.3
. "$(dirname "$0")/../common.sh"
texlua "$here/fit.lua"
