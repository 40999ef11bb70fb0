# Every command sets up what it needs first: an environment of its own in .venv, from requirements.lock.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: install demo test check bench contract score storm lock messages provider clean

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	@sh deploy/venv.sh $(PYTHON)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: install
	$(BIN)/docket demo

test: install
	$(BIN)/python -m pytest -n $$(($$(nproc) + 1)) --dist loadfile  # much of a test is waiting for servers

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m benchmarks

contract: install
	$(BIN)/python -m benchmarks.contract

storm: install
	$(BIN)/python -m benchmarks.storm --messages 400 --every 3

score: install
	$(BIN)/python -m benchmarks.score --real

lock:
	uv pip compile -q pyproject.toml --group dev --extra postgresql --universal --python-version 3.11 --generate-hashes --no-header -o requirements.lock

messages: install  # after texts of pages have changed: what is new stands empty in each catalogue
	mkdir -p build
	$(BIN)/pybabel -q extract -F pyproject.toml -k marked -k QueryError:1 --sort-output --no-location -o build/messages.pot .
	for one in fr de; do $(BIN)/pybabel -q update -i build/messages.pot -o gateway/languages/$$one.po -l $$one --no-fuzzy-matching --ignore-obsolete --width 100; done
	sed -i -E '/^"(Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By)/d' gateway/languages/*.po

provider: install  # for the tests of logging in elsewhere
	npm install --silent --no-audit --no-fund --no-package-lock --prefix .venv/node oidc-provider@9.13.3

clean:
	rm -rf .venv dist build
