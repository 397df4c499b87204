#!/bin/sh
# nginx | LuaJIT2 | normalises the float32 bodies of 10,000 requests in three workers, whose memory stays flat
lua=5.1
. "$(dirname "$0")/../common.sh"
NGINX=${NGINX:-$root/build/hosts/nginx} # where unpack.sh put it
port=$(free_port)
cp "$here/normalise.lua" .
user=
[ "$(id -u)" != 0 ] || user='user nobody nogroup;'
cat >nginx.conf <<END
$user
daemon off;
pid $work/pid;
error_log $work/errors warn;
worker_processes 3;
load_module $NGINX/usr/lib/nginx/modules/ndk_http_module.so;
load_module $NGINX/usr/lib/nginx/modules/ngx_http_lua_module.so;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $work/body;
    proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi;
    scgi_temp_path $work/scgi;
    lua_package_path "$NGINX/usr/share/lua/5.1/?.lua;$STAGE/share/lua/5.1/?.lua;;";
    lua_package_cpath "$STAGE/lib/lua/5.1/?.so;;";
    init_by_lua_block { require "tessera" }
    keepalive_requests 100;
    client_body_buffer_size 64k;
    server {
        listen 127.0.0.1:$port reuseport;
        location / { content_by_lua_file $work/normalise.lua; }
    }
}
END
LD_LIBRARY_PATH="$NGINX/usr/lib/$(uname -m)-linux-gnu" "$NGINX/usr/sbin/nginx" -p "$work" -c "$work/nginx.conf" -e "$work/errors" &
started=$!
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$here/client.py" "$port" || cat errors
[ ! -s errors ] || cat errors >&2
