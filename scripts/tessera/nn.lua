--- torch.nn.functional: activation functions by their own names, and what the files of the families return.
local _, _, _, core = ...
local define, compose = core.define, core.require("compose")

local functional = compose.table_of("torch.nn.functional",
    "relu relu6 gelu silu elu softplus hardtanh leaky_relu sigmoid tanh")
for _, family in ipairs {"pad", "softmax"} do
    for name, f in pairs(core.require(family)) do
        functional[name] = f
    end
end

define("torch.nn", "nn.functional", "nn.functional: PyTorch's table of functions for neural networks: "
    .. "activations, pad(x, pad, mode, value), softmax, log_softmax and softmin(x, dim, {dtype}).",
    {functional = functional})
