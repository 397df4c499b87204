local np = require "tessera.numpy"
local stdnse = require "stdnse"

description = [[
Checks what packets are made of: the Internet checksum of headers (RFC 1071) and the entropy of payloads.
]]
author = "Tessera"
license = "MIT"
categories = {"safe"}

prerule = function() return true end

-- The ones' complement of the ones' complement sum of 16-bit words, the first byte the high one.
local function checksum(packet)
    local bytes = np.frombuffer(packet, {dtype = "uint8"}):astype("uint32"):reshape(-1, 2)
    local sum = (bytes[":, 1"] * 256 + bytes[":, 2"]):sum():item()
    while sum > 0xffff do
        sum = (sum & 0xffff) + (sum >> 16)
    end
    return ("%04x"):format(~sum & 0xffff)
end

-- Bits a byte of Shannon's entropy.
local function entropy(payload)
    local bytes = np.frombuffer(payload, {dtype = "uint8"})
    local counts = np.equal(bytes:reshape(-1, 1), np.arange(256)):sum {axis = 1}
    local p = counts / #payload
    return ("%.6f"):format(-np.where(p:gt(0), p * p:log2(), 0):sum():item())
end

action = function()
    local all = {}
    for i = 0, 255 do
        all[#all + 1] = string.char(i)
    end
    return stdnse.format_output(true, {
        "RFC 1071, 3: " .. checksum("\x00\x01\xf2\x03\xf4\xf5\xf6\xf7"),
        "IPv4 header: " .. checksum(
            "\x45\x00\x00\x73\x00\x00\x40\x00\x40\x11\x00\x00\xc0\xa8\x00\x01\xc0\xa8\x00\xc7"),
        "with its sum: " .. checksum(
            "\x45\x00\x00\x73\x00\x00\x40\x00\x40\x11\xb8\x61\xc0\xa8\x00\x01\xc0\xa8\x00\xc7"),
        "entropy of aaaabbcd: " .. entropy("aaaabbcd"),
        "entropy of all bytes: " .. entropy(table.concat(all)),
        "globals left behind: " .. tostring(rawget(_G, "tessera") or rawget(_G, "np")),
    })
end
