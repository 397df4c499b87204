--- Pictures: ts.image.load and ts.image.save.
local _, _, np, core = ...
local arguments = core.require("arguments")
local define, named = core.define, core.named

define("ts.image", "image.load(path), image.save(path, x)",
    "PNG pictures as arrays of uint8, height x width x channels: grey, grey and alpha, RGB, RGBA. Needs libpng.", {
        load = function(path, ...)
            core.bind("load", 1, {}, path, ...)
            return named("load", core.image_load)(path)
        end,
        save = function(path, ...)
            local x
            path, x = core.bind("save", 2, {}, path, ...)
            named("save", core.image_save)(path, np.asarray(arguments.array("save", np, x)))
        end,
    })

return np
