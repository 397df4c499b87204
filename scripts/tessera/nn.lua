--- torch.nn.functional: what the files of the families return.
local _, _, _, core = ...
local define = core.define

local functional = {}
for _, family in ipairs {"pad", "softmax"} do
    for name, f in pairs(core.require(family)) do
        functional[name] = f
    end
end

define("torch.nn", "nn.functional", "nn.functional: pad(x, pad, mode, value), softmax, log_softmax and "
    .. "softmin(x, dim, {dtype}).", {functional = functional})
