#!/bin/sh
# pandoc | 5.3 | a filter puts the statistics of its numbers under each block of numbers
lua=5.3
. "$(dirname "$0")/../common.sh"
pandoc --lua-filter="$here/statistics.lua" -t plain "$here/report.md"
