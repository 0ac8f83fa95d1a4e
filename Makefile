# SPDX-License-Identifier: GPL-2.0-or-later
# 'make help' says what there is. Everything that is built goes below $(BUILD).

VERSION := 0.1.0
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
CC ?= gcc
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
# SAN=address,undefined or SAN=thread: a build for finding faults
SAN ?=
WERROR ?=

TCP := addr checksum flow http icmp inspect packet reset reset_class reset_read stream tls track
POLICY := check decide diag domain_set endpoint exceptions explain files index index_build index_map judge judge_cut judge_look lex limit \
	lint match names parse parse_lists parse_log parse_match parse_rule parse_settings parse_test parser pattern policy prefix_set \
	print run_tests schedule set text zone
RULES := iptables nft offload plan plan_merge plan_set render_iptables render_nft rules spawn
EVENTS := aggregate community_id datagrams event files json log pcapng recent sink
NFQ := answer canary conntrack ifnames inject queue queue_proc reclaim worker
CLI := allow allow_run book canary_run capture check codes completion confine confine_calls control counters counts diff doctor doctor_machine doctor_traffic drill drill_lab event_log explain explain_event gz hits json_policy live main number observe \
	opened ours plan policy policy_file print_reset read reload replay report request report_gather report_page run service sockaddr tally top top_page watch why

UNIT := aggregate community_id files flow http index judge judge_rules limit mutate packet pattern plan policy reset reset_class reset_read schedule set stream \
	text tls zone
FUZZERS := packet policy reset tls
LAB_PROGRAMS := load mutants oom.so peer pcaphex planlab land lwip walls
BENCH_PROGRAMS := bench_accept bench_connect bench_flood bench_latency bench_path bench_policy

PACKAGES := libmnl libnetfilter_queue libnetfilter_conntrack libnftables jansson libpcap libpcre2-8 libidn2 libseccomp libcap-ng ncurses zlib
PACKAGE_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) libmd 2>/dev/null)
PACKAGE_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) libmd 2>/dev/null)

PURE_LIBS := $(shell $(PKG_CONFIG) --libs libpcre2-8 libidn2 2>/dev/null)

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes $(if $(WERROR),-Werror)
SANITIZE := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE -DEPITAPH_VERSION='"$(VERSION)"' -I. -pthread -fstack-protector-strong \
	$(WARNINGS) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) $(if $(SAN),-DEPITAPH_SANITIZED) $(PACKAGE_CFLAGS)
ALL_LDFLAGS := -pthread -Wl,-z,relro,-z,now $(LDFLAGS) $(SANITIZE)

objects = $(patsubst %,$(BUILD)/$(1)/%.o,$(2))
LIB_TCP := $(BUILD)/libtcp.a
LIB_POLICY := $(BUILD)/libpolicy.a
LIB_RULES := $(BUILD)/librules.a
LIB_EVENTS := $(BUILD)/libevents.a
LIB_NFQ := $(BUILD)/libnfq.a
PURE := $(LIB_POLICY) $(LIB_TCP)
LIBS := $(LIB_NFQ) $(LIB_RULES) $(LIB_EVENTS) $(PURE)
UNIT_PROGRAMS := $(patsubst %,$(BUILD)/tests/unit_%,$(UNIT))
LAB_BINARIES := $(patsubst %,$(BUILD)/tests/%,$(LAB_PROGRAMS))
BENCH_BINARIES := $(patsubst %,$(BUILD)/tests/%,$(BENCH_PROGRAMS))
MANUALS := $(BUILD)/doc/epitaph.8 $(BUILD)/doc/epitaph.conf.5
ALL_OBJECTS := $(call objects,tcp,$(TCP)) $(call objects,policy,$(POLICY)) $(call objects,rules,$(RULES)) \
	$(call objects,events,$(EVENTS)) $(call objects,nfq,$(NFQ)) $(call objects,cli,$(CLI))

all: $(BUILD)/epitaph $(MANUALS)

help:
	@echo "make all        build $(BUILD)/epitaph and the manual pages"
	@echo "make demo       install what is missing, build, show the main job in a throw-away lab (root)"
	@echo "make check      install what is missing, build, run every test (root)"
	@echo "make check-unit run the unit tests, without root"
	@echo "make check-vm   run the lab's tests on Debian kernels in QEMU: KERNELS='5.10 6.1 6.12 newest'"
	@echo "make bench      measure, side by side, in a throw-away lab (root)"
	@echo "make fuzz       run each fuzzer for FUZZ_SECONDS (60); needs clang"
	@echo "make lint       cppcheck, shellcheck, clang-format, manual pages"
	@echo "make install    below DESTDIR, PREFIX=$(PREFIX)"
	@echo "make uninstall  the reverse"
	@echo "make clean      remove $(BUILD)"
	@echo "Settings: BUILD=DIR CC=clang SAN=address,undefined SAN=thread CFLAGS=... WERROR=1"

# Objects depend on their headers and on the flags they were built with.
$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/cli/report_page.o: cli/report.css cli/report.js

$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' > $@

$(LIB_TCP): $(call objects,tcp,$(TCP))
$(LIB_POLICY): $(call objects,policy,$(POLICY))
$(LIB_RULES): $(call objects,rules,$(RULES))
$(LIB_EVENTS): $(call objects,events,$(EVENTS))
$(LIB_NFQ): $(call objects,nfq,$(NFQ))
$(BUILD)/%.a:
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/epitaph: $(call objects,cli,$(CLI)) $(LIBS)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PACKAGE_LIBS)

# A unit test links what it may need: the pure archives.
$(BUILD)/tests/unit_%: $(BUILD)/tests/unit/%.o $(PURE)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(PURE_LIBS)

$(BUILD)/tests/unit_aggregate $(BUILD)/tests/unit_community_id $(BUILD)/tests/unit_files: $(BUILD)/tests/unit_%: $(BUILD)/tests/unit/%.o $(LIB_EVENTS) $(PURE)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(PACKAGE_LIBS)

$(BUILD)/tests/unit_plan: $(BUILD)/tests/unit/plan.o $(LIB_RULES) $(PURE)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(PURE_LIBS)

$(BUILD)/tests/peer $(BUILD)/tests/load: $(BUILD)/tests/%: $(BUILD)/tests/lab/%.o
	$(CC) $(ALL_LDFLAGS) -o $@ $^
$(BUILD)/tests/walls: $(BUILD)/tests/lab/walls.o $(call objects,cli,confine confine_calls)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lseccomp -lcap-ng
$(BUILD)/tests/mutants: $(BUILD)/tests/lab/mutants.o $(PURE)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(PURE_LIBS)
# Preloaded into a program, sanitizers or not.
$(BUILD)/tests/oom.so: tests/lab/oom.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -fPIC -shared -o $@ $<
$(BUILD)/tests/planlab: $(BUILD)/tests/lab/planlab.o $(LIB_RULES) $(PURE)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PURE_LIBS)
$(BUILD)/tests/pcaphex: $(BUILD)/tests/lab/pcaphex.o
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lpcap
# lwIP's headers are not ours to warn about.
$(BUILD)/tests/lwip: tests/lab/lwip.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE -isystem /usr/include/lwip $(WARNINGS) $(CFLAGS) -o $@ $< -llwip
$(BUILD)/tests/land: $(patsubst %,$(BUILD)/tests/landing/%.o,landing ends states wire) $(LIB_TCP)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lpcap
$(BUILD)/tests/bench_policy: $(BUILD)/tests/bench/policy.o $(PURE)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PURE_LIBS)
$(BUILD)/tests/bench_%: $(BUILD)/tests/bench/%.o
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lmnl -lnetfilter_queue

# Fuzzers are built in a tree of their own, with clang.
$(BUILD)/fuzz/fuzz_%: tests/fuzz/%.c $(patsubst %,tcp/%.c,$(TCP)) $(patsubst %,policy/%.c,$(POLICY))
	@mkdir -p $(@D)
	clang -std=gnu11 -D_GNU_SOURCE -I. -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $^ $(FUZZ_MORE) $(PURE_LIBS) $(FUZZ_LIBS)

$(BUILD)/fuzz/fuzz_reset: FUZZ_MORE := $(addprefix events/,community_id.c event.c json.c) $(addprefix cli/,counts.c event_log.c gz.c json_policy.c print_reset.c report_gather.c report_page.c)
$(BUILD)/fuzz/fuzz_reset: FUZZ_LIBS := $(PACKAGE_LIBS) -lcmocka

$(BUILD)/doc/%: doc/%.scd
	@mkdir -p $(@D)
	scdoc < $< > $@

programs: $(BUILD)/epitaph $(UNIT_PROGRAMS) $(LAB_BINARIES) $(BENCH_BINARIES)

demo: deps
	$(MAKE) $(BUILD)/epitaph $(BUILD)/tests/peer
	tests/demo $(BUILD)

check: deps
	$(MAKE) programs $(MANUALS)
	tests/run $(BUILD)

# Without root, and with nothing but the libraries.
check-unit: $(UNIT_PROGRAMS)
	set -e; for u in $^; do $$u; done

check-vm: deps
	$(MAKE) $(BUILD)/epitaph $(BUILD)/tests/peer $(BUILD)/tests/planlab $(BUILD)/tests/lwip $(BUILD)/tests/land $(BUILD)/tests/bench_accept $(BUILD)/tests/bench_latency $(BUILD)/tests/bench_flood $(BUILD)/tests/walls $(BUILD)/tests/mutants $(BUILD)/tests/load $(BUILD)/tests/oom.so
	tests/vm/run $(BUILD) $(KERNELS)

bench: deps
	$(MAKE) programs
	tests/bench/run $(BUILD)

fuzz: deps
	$(MAKE) $(patsubst %,$(BUILD)/fuzz/fuzz_%,$(FUZZERS))
	tests/fuzz/run $(BUILD) $(or $(FUZZ_SECONDS),60) $(FUZZERS)

lint: deps $(MANUALS)
	tests/lint $(BUILD)

deps:
	tests/deps

install: all
	install -D -m 755 $(BUILD)/epitaph $(DESTDIR)$(PREFIX)/sbin/epitaph
	install -D -m 644 $(BUILD)/doc/epitaph.8 $(DESTDIR)$(PREFIX)/share/man/man8/epitaph.8
	install -D -m 644 $(BUILD)/doc/epitaph.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/epitaph.conf.5
	install -d $(DESTDIR)$(PREFIX)/share/doc/epitaph/examples/lists
	install -m 644 events/schema.json $(DESTDIR)$(PREFIX)/share/doc/epitaph/events.schema.json
	install -d $(DESTDIR)$(UNITDIR)
	for unit in epitaph epitaph-rules; do sed 's,@sbindir@,$(PREFIX)/sbin,' service/$$unit.service.in \
		>$(DESTDIR)$(UNITDIR)/$$unit.service || exit; done
	install -D -m 644 service/epitaph.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/epitaph.conf
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	$(BUILD)/epitaph completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/epitaph
	$(BUILD)/epitaph completion zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_epitaph
	install -d $(DESTDIR)$(PREFIX)/share/doc/epitaph/monitoring $(DESTDIR)$(PREFIX)/share/doc/epitaph/ha
	install -m 644 doc/ha/*.conf doc/ha/*.sh $(DESTDIR)$(PREFIX)/share/doc/epitaph/ha/
	install -m 644 README.md NEWS.md SECURITY.md doc/*.md $(DESTDIR)$(PREFIX)/share/doc/epitaph/
	install -m 644 doc/monitoring/* $(DESTDIR)$(PREFIX)/share/doc/epitaph/monitoring/
	install -m 644 rules/examples/*.conf $(DESTDIR)$(PREFIX)/share/doc/epitaph/examples/
	install -m 644 rules/examples/lists/* $(DESTDIR)$(PREFIX)/share/doc/epitaph/examples/lists/
	test -e $(DESTDIR)$(SYSCONFDIR)/epitaph/epitaph.conf || \
		install -D -m 644 rules/examples/first.conf $(DESTDIR)$(SYSCONFDIR)/epitaph/epitaph.conf

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/epitaph $(DESTDIR)$(PREFIX)/share/man/man8/epitaph.8 \
		$(DESTDIR)$(PREFIX)/share/man/man5/epitaph.conf.5
	rm -f $(DESTDIR)$(UNITDIR)/epitaph.service $(DESTDIR)$(UNITDIR)/epitaph-rules.service \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/epitaph.conf
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/epitaph $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_epitaph
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/epitaph
	@echo "$(DESTDIR)$(SYSCONFDIR)/epitaph is kept: it holds your policy"

clean:
	rm -rf $(BUILD)

-include $(ALL_OBJECTS:.o=.d) $(wildcard $(BUILD)/tests/*/*.d)

FORCE:
.PHONY: all help programs demo check check-vm bench fuzz lint deps install uninstall clean FORCE
.SECONDARY:
.DELETE_ON_ERROR:
