# Fuzzers of the readers, with clang's libFuzzer and the sanitizers. What they find stays in $(FUZZ)/found.
FUZZ := $(BUILD)/fuzz
FUZZ_TARGETS := whole npy safetensors pickle deflated text
FUZZ_FLAGS := -std=c11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Icore -D_GNU_SOURCE
SECONDS ?= 10

$(FUZZ)/core.a: $(CORE_SOURCES) $(wildcard core/*/*.h) | $(BUILD)/deps/fuzz
	@mkdir -p $(FUZZ)
	$(Q)$(MAKE) --no-print-directory BUILD=$(FUZZ)/build CC=clang SANITIZE=address,undefined,fuzzer-no-link \
	    $(FUZZ)/build/libtessera.a
	@cp $(FUZZ)/build/libtessera.a $@

FUZZ_upper = $(shell echo $(1) | tr a-z A-Z)
$(FUZZ_TARGETS:%=$(FUZZ)/fuzz_%): $(FUZZ)/fuzz_%: spec/fuzz/fuzz_file.c $(FUZZ)/core.a
	$(Q)clang $(FUZZ_FLAGS) -DFUZZ=$(call FUZZ_upper,$*) -o $@ $< $(FUZZ)/core.a -lm

$(FUZZ)/corpus: spec/fuzz/corpus.py $(ORACLE)/files.txt
	@rm -rf $@
	$(Q)PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $< $(ORACLE)/files $@

.PHONY: fuzz
## fuzz: each fuzzer of the readers of files for SECONDS (10)
fuzz: $(FUZZ_TARGETS:%=$(FUZZ)/fuzz_%) $(FUZZ)/corpus
	@mkdir -p $(FUZZ)/found
	@for t in $(FUZZ_TARGETS); do \
	    $(FUZZ)/fuzz_$$t -max_total_time=$(SECONDS) -max_len=8192 -rss_limit_mb=2048 -timeout=20 -verbosity=0 \
	        -print_final_stats=1 -artifact_prefix=$(FUZZ)/found/$$t- $(FUZZ)/corpus/$$t >$(FUZZ)/$$t.txt 2>&1 || \
	        { tail -40 $(FUZZ)/$$t.txt; echo "fuzz_$$t found something: $(FUZZ)/found"; exit 1; }; \
	    echo "fuzz_$$t: $$(sed -n 's/^stat::number_of_executed_units: *//p' $(FUZZ)/$$t.txt) inputs, nothing found"; \
	done
