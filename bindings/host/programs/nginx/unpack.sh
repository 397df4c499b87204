#!/bin/sh
# unpack.sh DIR: nginx and its Lua module as Debian has them, with the LuaJIT they are built for, unpacked in
# DIR. Installed by the package manager they would take the other LuaJIT away, and every program with it.
set -eu
mkdir -p "$1"
cd "$1"
fetch() {
    apt-get download -q -o APT::Sandbox::User=root nginx nginx-common libnginx-mod-http-lua libnginx-mod-http-ndk \
        lua-resty-core lua-resty-lrucache libluajit2-5.1-2
}
run=
[ "$(id -u)" = 0 ] || run=sudo
fetch || { $run apt-get update -q && fetch; }
for package in *.deb; do
    dpkg -x "$package" .
    rm "$package"
done
