--- What busted runs first when the specs are run at one kernel level; see level.c.
assert(require("level").isa() == os.getenv("TSR_ISA"))
