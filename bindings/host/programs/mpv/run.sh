#!/bin/sh
# mpv | 5.2 | two scripts, each on a thread of its own, look at the pixels of a video
lua=5.2
. "$(dirname "$0")/../common.sh"
# ten seconds of a dark field of 64 x 48 with a white box of 16 x 12 at (8, 24)
video='color=c=0x204060:s=64x48:d=10,format=rgb24,drawbox=x=8:y=24:w=16:h=12:c=white:t=fill'
mpv --no-config --no-terminal --vo=null --ao=null \
    --script="$here/means.lua" --script="$here/box.lua" "av://lavfi:$video" </dev/null
cat means box
