#!/bin/sh
# lighttpd | 5.4 | answers a request with the statistics of the numbers in its query
lua=5.4
. "$(dirname "$0")/../common.sh"
cat >lighttpd.conf <<END
server.document-root = "$work"
server.errorlog = "$work/errors"
server.modules = ("mod_magnet")
magnet.attract-raw-url-to = ("$here/answer.lua")
END
printf 'GET /?x=1,2,4,8,16 HTTP/1.0\r\n\r\n' | lighttpd -1 -f lighttpd.conf >reply
grep -a '^[HC].*' reply | tr -d '\r' | grep -E '^HTTP|^Content-Type'
sed '1,/^\r*$/d' reply
