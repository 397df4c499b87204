#!/bin/sh
# HAProxy | 5.3 | a service answers 400 requests with statistics; two threads with a state each, after a fork
lua=5.3
. "$(dirname "$0")/../common.sh"
port=$(free_port)
cat >haproxy.cfg <<END
global
    nbthread 2
    lua-load-per-thread $here/service.lua
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 10s
frontend numbers
    bind 127.0.0.1:$port
    http-request use-service lua.statistics
END
haproxy -W -f haproxy.cfg >log 2>&1 &
started=$!
/usr/bin/python3 "$here/client.py" "$port" || cat log
