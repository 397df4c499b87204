# How the kernels are built: each source of TSR_KERNEL_SOURCES once per level into
# $(BUILD)/obj/kernels/<file>.<level>.o, those of TSR_KERNEL_MATH too, but not for v2 (level.h), and
# the files of TSR_KERNEL_ONCE once, for any machine.
#
# The including Makefile may set BUILD (build), CC, TSR_CPPFLAGS and TSR_CFLAGS (warnings, -fPIC,
# visibility, sanitizers); it links TSR_KERNEL_OBJECTS. TSR_KERNEL_LEVELS lists the levels.
#
# No unsafe-math flags: -ffp-contract=off keeps every level to the same bits, and the other two only
# say that nobody reads errno or floating-point exceptions of these loops.

BUILD ?= build
TSR_CFLAGS ?= -std=c11 -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
    -Wmissing-prototypes -Werror -fPIC -fvisibility=hidden

TSR_KERNEL_SOURCES := $(addprefix core/kernels/, convert_integer.c convert_floating.c \
    convert_half.c convert_complex.c move.c transpose.c swap.c make.c arithmetic.c arithmetic_half.c \
    complex.c compare.c unary.c parts.c choose.c find.c stream.c)
TSR_KERNEL_MATH := $(addprefix core/kernels/, math_drive.c math_exponential.c math_hyperbolic.c \
    math_logarithm.c math_area.c math_trigonometric.c math_arc.c math_error_function.c \
    math_root.c math_pair.c fold_sum.c fold_order.c scan.c fold_spread.c fold_truth.c)
TSR_KERNEL_ONCE := $(addprefix core/kernels/, select.c special.c complex_functions.c divisors.c \
    power_integer.c fold_identity.c scan_order.c extreme_rows.c) core/base/cpu.c

TSR_KERNEL_CFLAGS := -ffp-contract=off -fno-math-errno -fno-trapping-math -Wno-pass-failed
# Kernels call nothing that could raise an error, so nobody unwinds through them: the tables for that are a
# twelfth of the library.
TSR_KERNEL_CFLAGS += -fno-asynchronous-unwind-tables
# The many loops of one line are vectorised as by -O3, but without a cascade of remainder loops behind
# each, which would double the code. Copies and conversions, which are fewer, get all of it.
TSR_KERNEL_LEAN := $(addprefix core/kernels/, arithmetic.c complex.c compare.c unary.c parts.c \
    choose.c find.c) $(TSR_KERNEL_MATH)
TSR_KERNEL_FULL_CFLAGS := -O3
TSR_KERNEL_LEAN_CFLAGS := -O2 -ftree-vectorize
ifeq ($(findstring clang,$(shell $(CC) --version)),)
TSR_KERNEL_LEAN_CFLAGS += -fvect-cost-model=dynamic --param vect-epilogues-nomask=0
# No loop becomes a call of memcpy, which for a chunk costs more than it copies.
TSR_KERNEL_LEAN_CFLAGS += -fno-tree-loop-distribute-patterns
endif
TSR_KERNEL_OPTIMIZE = $(if $(filter $(1),$(TSR_KERNEL_LEAN)),$(TSR_KERNEL_LEAN_CFLAGS),$(TSR_KERNEL_FULL_CFLAGS))

TSR_KERNEL_LEVELS := base
ifneq ($(filter x86_64%,$(shell $(CC) -dumpmachine)),)
TSR_KERNEL_LEVELS += v2 v3 v4
endif
# Where base is only for machines older than v2, it is built small; elsewhere it is the level that runs.
TSR_KERNEL_CFLAGS_base := $(if $(filter v2,$(TSR_KERNEL_LEVELS)),-Os -fno-tree-vectorize)
TSR_KERNEL_CFLAGS_v2 := -march=x86-64-v2
TSR_KERNEL_CFLAGS_v3 := -march=x86-64-v3
TSR_KERNEL_CFLAGS_v4 := -march=x86-64-v4 -mprefer-vector-width=512

TSR_KERNEL_LEVEL_OBJECTS := $(foreach level,$(TSR_KERNEL_LEVELS),\
    $(TSR_KERNEL_SOURCES:core/kernels/%.c=$(BUILD)/obj/kernels/%.$(level).o)) \
    $(foreach level,$(filter-out v2,$(TSR_KERNEL_LEVELS)),\
    $(TSR_KERNEL_MATH:core/kernels/%.c=$(BUILD)/obj/kernels/%.$(level).o))
TSR_KERNEL_ONCE_OBJECTS := $(TSR_KERNEL_ONCE:core/%.c=$(BUILD)/obj/%.o)
TSR_KERNEL_OBJECTS := $(TSR_KERNEL_LEVEL_OBJECTS) $(TSR_KERNEL_ONCE_OBJECTS)

define tsr_kernel_rule
$(BUILD)/obj/kernels/%.$(1).o: core/kernels/%.c core/kernels/kernels.mk
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(TSR_CPPFLAGS) $$(TSR_CFLAGS) $$(TSR_KERNEL_CFLAGS) $$(call TSR_KERNEL_OPTIMIZE,$$<) \
	    $$(TSR_KERNEL_CFLAGS_$(1)) \
	    -DTSR_LEVEL=$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach level,$(TSR_KERNEL_LEVELS),$(eval $(call tsr_kernel_rule,$(level))))

$(TSR_KERNEL_ONCE_OBJECTS): $(BUILD)/obj/%.o: core/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(TSR_CPPFLAGS) $(TSR_CFLAGS) $(TSR_KERNEL_CFLAGS) -O2 -MMD -MP -c -o $@ $<

-include $(TSR_KERNEL_OBJECTS:.o=.d)
