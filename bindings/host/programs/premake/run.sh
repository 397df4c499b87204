#!/bin/sh
# Premake | 5.1 | generates the tables of a C header while it configures
lua=5.1
. "$(dirname "$0")/../common.sh"
cp "$here/tables.lua" .
premake4 --file=tables.lua tables >&2
cat tables.h
