# What a newcomer sees first: the seed's two programs, then a host whose picture scripts work on.
RUN := $(BUILD)/run
RUN_SCRIPTS := scripts/examples

$(RUN)/in.png: $(HOST_DIR)/picture
	@mkdir -p $(@D)
	$(Q)$< $@

.PHONY: run
## run: build all; run the seed's programs, then the example host on a picture (build/run/out.png)
run: all $(RUN)/in.png
	@echo '== A tensor as an ndarray (seed_tensor.lua), an ndarray as a tensor (seed_array.lua)'
	@$(BUILD)/tessera $(RUN_SCRIPTS)/seed_tensor.lua
	@$(BUILD)/tessera $(RUN_SCRIPTS)/seed_array.lua
	@echo '== A host lends its picture $(RUN)/in.png to pixels_edit.lua, takes it back and writes it'
	@$(BUILD)/pixels $(RUN_SCRIPTS)/pixels_edit.lua $(RUN)/in.png $(RUN)/out.png
	@echo '== The same host, and a script that keeps the picture longer than it was lent'
	@$(BUILD)/pixels $(RUN_SCRIPTS)/pixels_keep.lua $(RUN)/in.png $(RUN)/kept.png
	@echo '== The picture is $(RUN)/out.png'
