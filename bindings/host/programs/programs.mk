# The module as `make install` puts it, inside programs that others wrote: a folder each, see scripts/tools/test_hosts.
STAGE := $(abspath $(BUILD))/stage
PROGRAMS := bindings/host/programs
PROGRAM_LUAS := 5.4 5.3 5.2 5.1 # LuaJIT takes the module of 5.1, as it does where it is installed
NGINX := $(abspath $(BUILD))/hosts/nginx

$(BUILD)/deps/programs: | $(LUA_READY)
$(NGINX)/usr/sbin/nginx: $(PROGRAMS)/nginx/unpack.sh | $(BUILD)/deps/programs
	@$(PROGRAMS)/nginx/unpack.sh $(NGINX)
	@touch $@

.PHONY: test-hosts
## test-hosts: install the module under build/stage and let it work in fourteen programs (HOSTS="vim mpv" for some)
test-hosts: $(BUILD)/deps/programs $(NGINX)/usr/sbin/nginx
	@$(MAKE) --no-print-directory install PREFIX=$(STAGE) DESTDIR= LUAS="$(PROGRAM_LUAS)"
	@NGINX=$(NGINX) scripts/tools/test_hosts $(STAGE) $(HOSTS)
