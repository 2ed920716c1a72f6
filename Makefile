# What a person or a CI machine says to this repository.  CMake does the building;
# CMakePresets.json says how, and where: release in build/, the others below it.

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
DESTDIR ?=
ARGS ?=

# ThreadSanitizer wants its addresses free: some kernels spread a process further than it can bear.
FIXED_ADDRESSES := $(shell setarch -R true 2>/dev/null && echo setarch -R)

.PHONY: help run test test-sanitizers test-redis-suite test-applications test-page bench bench-behaviour bench-instructions bench-micro coverage deps deps-lint \
	deps-coverage deps-redis-suite deps-applications deps-page deps-bench deps-instructions deps-micro format lint install clean

help:
	@echo 'make run [ARGS=...]   build and start `respgate dev`, a proxy with a private server behind it'
	@echo 'make test             build once, run every test'
	@echo 'make test-sanitizers  the same under ASan+UBSan, then under TSan'
	@echo 'make test-redis-suite [ARGS="unit/multi ..."]  the test suite of Redis, through the proxy and directly, side by side'
	@echo 'make test-applications  jobs of Celery, Sidekiq, BullMQ and others (it installs them) through the proxy'
	@echo 'make test-page        the admin port'"'"'s page in a headless Chromium (it installs one)'
	@echo 'make bench [ARGS="--only get"]  what it costs, beside nutcracker, haproxy and stunnel (it installs them); leave the machine alone meanwhile'
	@echo 'make bench-behaviour [ARGS="--only huge"]  system calls, memory, and what busy clients do to others, beside the same (it installs strace too)'
	@echo 'make bench-instructions [ARGS="--top GET"]  instructions per command, counted by valgrind (it installs it)'
	@echo 'make bench-micro [ARGS=--benchmark_filter=gate]  what single parts cost, by Google Benchmark (it installs it)'
	@echo 'make coverage         line coverage of protocol/ and acl/'
	@echo 'make format, lint     rewrite in the house style; check style and clang-tidy'
	@echo 'make install          to $$(DESTDIR)$$(PREFIX), which is $(DESTDIR)$(PREFIX)'
	@echo 'make deps             what `run` and `test` do first: install what is missing, with apt'
	@echo 'make clean            remove build/'

run: deps build/build.ninja
	cmake --build --preset release --parallel $(JOBS) --target respgate
	build/respgate dev $(ARGS)

test: deps build/build.ninja
	cmake --build --preset release --parallel $(JOBS)
	ctest --preset release --parallel $(JOBS)

test-sanitizers: deps build/asan/build.ninja build/tsan/build.ninja
	cmake --build --preset asan --parallel $(JOBS)
	ctest --preset asan --parallel $(JOBS)
	cmake --build --preset tsan --parallel $(JOBS)
	$(FIXED_ADDRESSES) ctest --preset tsan --parallel $(JOBS)

test-redis-suite: deps deps-redis-suite build/build.ninja
	cmake --build --preset release --parallel $(JOBS) --target respgate
	/usr/bin/python3 -B tests/redis_suite/run.py $(ARGS)

# Installs a few dozen packages that nothing else here needs; without them, `test` skips what this runs.
test-applications: deps deps-applications build/build.ninja
	cmake --build --preset release --parallel $(JOBS) --target respgate
	RESPGATE=build/respgate RESPGATE_TEST_APPLICATIONS=required /usr/bin/python3 -B tests/integration/applications_test.py -v

# Without a Chromium, `test` skips what this runs.
test-page: deps deps-page build/build.ninja
	cmake --build --preset release --parallel $(JOBS) --target respgate
	for test in page page_hostile; do \
	  RESPGATE=build/respgate RESPGATE_TEST_PAGE=required /usr/bin/python3 -B tests/integration/$${test}_test.py -v || exit 1; \
	done

# Not a test: what it prints is judged by who reads it.
bench: deps deps-bench build/build.ninja
	cmake --build --preset release --parallel $(JOBS) --target respgate answerer asker
	RESPGATE=build/respgate /usr/bin/python3 -B bench/bench.py $(ARGS)

bench-behaviour: deps deps-bench build/build.ninja
	cmake --build --preset release --parallel $(JOBS) --target respgate answerer
	RESPGATE=build/respgate /usr/bin/python3 -B bench/behaviour.py $(ARGS)

bench-instructions: deps deps-instructions build/build.ninja
	cmake --build --preset release --parallel $(JOBS) --target respgate
	RESPGATE=build/respgate /usr/bin/python3 -B bench/instructions.py $(ARGS)

# Configured again: the build may be older than the library.
bench-micro: deps deps-micro
	cmake --preset release
	cmake --build --preset release --parallel $(JOBS) --target micro
	build/bench/micro $(ARGS)

coverage: deps deps-coverage build/coverage/build.ninja
	cmake --build --preset coverage --parallel $(JOBS)
	find build/coverage -name '*.gcda' -delete
	build/coverage/tests/protocol_tests --gtest_brief=1
	build/coverage/tests/acl_tests --gtest_brief=1
	gcovr --root . --filter protocol/ --filter acl/ --exclude-throw-branches build/coverage

deps:
	@.ci/deps

deps-lint:
	@.ci/deps clang-format clang-tidy-19

deps-redis-suite:
	@.ci/deps tcl dpkg-dev

deps-applications:
	@.ci/deps python3-rq python3-celery ruby-sidekiq $(shell command -v npm >/dev/null || echo nodejs npm)

deps-page:
	@.ci/deps chromium chromium-driver

deps-bench:
	@.ci/deps nutcracker haproxy stunnel4 redis-tools strace

deps-instructions:
	@.ci/deps valgrind

deps-micro:
	@.ci/deps libbenchmark-dev

deps-coverage:
	@.ci/deps gcovr

format: deps-lint
	git ls-files -z '*.h' '*.cc' | xargs -0 clang-format -i

lint: deps deps-lint build/build.ninja
	JOBS=$(JOBS) .ci/lint

install: deps build/build.ninja
	cmake --build --preset release --parallel $(JOBS) --target respgate manual
	DESTDIR=$(DESTDIR) cmake --install build --prefix $(PREFIX)

clean:
	rm -rf build

# A build folder is configured once; CMake itself notices what changes later.
build/build.ninja: CMakePresets.json | deps
	cmake --preset release
build/%/build.ninja: CMakePresets.json | deps
	cmake --preset $*
