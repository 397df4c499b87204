#!/bin/sh
# gringo | 5.4 | the distances between all towns, as facts of a logic program
lua=5.4
. "$(dirname "$0")/../common.sh"
cp "$here/distances.lua" "$here/towns.lp" .
gringo --text towns.lp | sort
