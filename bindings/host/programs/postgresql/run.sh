#!/bin/sh
# PostgreSQL | 5.3 | a function computes the correlation and regression of the rows of a query
lua=5.3
. "$(dirname "$0")/../common.sh"
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
if [ "$(id -u)" = 0 ]; then # which the server refuses to run as; and postgres may not see all that root sees
    cp -r "$STAGE" stage
    export LUA_PATH="$work/stage/share/lua/$lua/?.lua;;" LUA_CPATH="$work/stage/lib/lua/$lua/?.so;;"
    mkdir data
    chown postgres data
    as="setpriv --reuid=postgres --regid=postgres --clear-groups"
else
    as=
fi
$as "$bin/initdb" -D "$work/data" -A trust -E UTF8 --no-sync >log 2>&1 || { cat log; exit 1; }
$as "$bin/postgres" --single -j -F -c log_statement=none -D "$work/data" postgres <"$here/query.sql" >out 2>log ||
    cat log
sed -n 's,.*says = "\(.*\)"	.*,\1,p' out
