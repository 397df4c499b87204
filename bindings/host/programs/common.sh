# What the run.sh of each program begins with: it sets `lua`, the version of the Lua inside the program, and
# reads this file. Then $here is the program's folder, $work an empty one, which is the current one and
# goes away at the end, and `require "tessera"` finds the module that is installed under $STAGE.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
STAGE=${STAGE:-$root/build/stage}
work=$(mktemp -d)
chmod 755 "$work"
started= # process that runs in the background

end() {
    [ -z "$started" ] || kill "$started" 2>/dev/null || true
    [ -z "$started" ] || wait "$started" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT
trap 'exit 1' INT TERM
cd "$work"

unset LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4 LUA_INIT
unset LUA_INIT_5_2 LUA_INIT_5_3 LUA_INIT_5_4 TESSERA_ISA TESSERA_THREADS
export LUA_PATH="$STAGE/share/lua/$lua/?.lua;;" LUA_CPATH="$STAGE/lib/lua/$lua/?.so;;"
export LC_ALL=C.UTF-8 HOME="$work" # nobody's settings, and none are left behind
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME

# A port of 127.0.0.1 that nobody listens on.
free_port() {
    /usr/bin/python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
