#!/bin/sh
# mle | 5.4 | a command of the editor replaces the numbers of the buffer by their running mean
lua=5.4
. "$(dirname "$0")/../common.sh"
printf '10\n20\n60\n30\n5.5\n' |
    mle -N -H 1 -x "$here/running.lua" -K numbers,,1 -k cmd_running_mean,M-z, -n numbers -M 'go M-z' -p go
