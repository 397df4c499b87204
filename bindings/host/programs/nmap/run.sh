#!/bin/sh
# Nmap | 5.3 | checksums of headers and the entropy of payloads, in its coroutine and under strict globals
lua=5.3
. "$(dirname "$0")/../common.sh"
nmap -n -sn --script "$here/packets.nse" 127.0.0.1 | sed -n '/^|/p'
