# Needs Python 3.11 or newer and make; everything else goes into .venv.
#   make PYTHON=python3.12 test     picks the Python
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# Running needs less than testing: the second stamp adds to the first.
RUNNABLE := $(VENV)/.runnable
READY := $(VENV)/.ready

# The Open WebUI of the end-to-end tests. OWUI_VENV=<folder> uses one that is there already.
OWUI_VENV ?= .venv-e2e
OWUI_READY := $(OWUI_VENV)/bin/open-webui

# Extra arguments for pytest: make test ARGS="-k sessions -x"
ARGS ?=
# Tests run in as many processes as there are cores, up to four: make test WORKERS=0 uses one.
WORKERS ?= auto
PYTEST = $(PY) -m pytest -n $(WORKERS) --maxprocesses 4 --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help run test serve install-openwebui doctor e2e lint generate docs pictures lock setup browser

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUNNABLE)  ## start the service and make a first workbook through the plugin
	$(PY) scripts/demo.py

test: $(READY)  ## set up and run all tests that need no Open WebUI
	$(PYTEST) $(ARGS)

serve: $(RUNNABLE)  ## the service alone, in the foreground, with the settings of the environment
	@exec $(PY) -m service

# Which Open WebUI, and as whom: EMAIL asks for the password, TOKEN is an API key. The variables on
# the right will do as well.
OPEN_WEBUI = $(if $(URL),OPEN_WEBUI_URL='$(URL)') $(if $(TOKEN),OPEN_WEBUI_TOKEN='$(TOKEN)') \
	$(if $(EMAIL),WEBUI_ADMIN_EMAIL='$(EMAIL)')

install-openwebui: $(RUNNABLE)  ## the tool into an Open WebUI: URL=... EMAIL=... SIZE=small
	@$(OPEN_WEBUI) $(PY) -m service install $(if $(SIZE),--size '$(SIZE)') \
		$(if $(ID),--id '$(ID)') $(if $(KEY),--key '$(KEY)') \
		$(if $(SERVICE_URL),--service-url '$(SERVICE_URL)') \
		$(if $(PUBLIC_URL),--public-url '$(PUBLIC_URL)')

doctor: $(RUNNABLE)  ## what is wrong, and what to change; in Open WebUI, too, with URL=... EMAIL=...
	@$(OPEN_WEBUI) $(PY) -m service doctor

e2e: $(READY) $(OWUI_READY) browser  ## real Open WebUI, real Chromium (the first time installs 3 GB)
	OWUI_VENV=$(abspath $(OWUI_VENV)) $(PYTEST) -m e2e --timeout 900 tests $(ARGS)

lint: $(READY)  ## style, types, generated text, Dockerfile and compose file
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) scripts/generate.py --check
	$(VENV)/bin/hadolint Dockerfile
	$(VENV)/bin/yamllint --strict docker-compose.yml
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

generate: $(READY)  ## write the generated parts of the plugin and the documents again
	$(PY) scripts/generate.py

# The generator's note on what comes after it concerns those who keep it, not those who build.
docs: $(READY)  ## the documents as a site, in build/docs
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet
	@echo "In build/docs; the service shows it at /guide/."

pictures: $(READY)  ## draw the pictures of the recipes again (LibreOffice, Chromium)
	$(PY) scripts/recipes.py --pictures

setup: $(READY)  ## only make .venv, with all that the tests need

# What a lock holds is the same on every platform. CUDA's libraries stay out of the last: a
# torch that needs them brings them, and one built for the CPU does without 4 GB.
UV_LOCK = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--no-emit-index-url --custom-compile-command "make lock"
lock: $(READY)  ## work the lock files out again (UPGRADE=1 takes the newest versions)
	$(UV_LOCK) $(if $(UPGRADE),--upgrade) --generate-hashes pyproject.toml -o requirements.lock
	$(UV_LOCK) $(if $(UPGRADE),--upgrade) --generate-hashes pyproject.toml --group dev \
		--constraint requirements.lock -o requirements-dev.lock
	$(UV_LOCK) $(if $(UPGRADE),--upgrade) --generate-hashes --group docs \
		--constraint requirements-dev.lock -o requirements-docs.lock
	$(UV_LOCK) $(if $(UPGRADE),--upgrade) --no-annotate tests/e2e/requirements.in \
		-o tests/e2e/requirements.lock
	sed -i.old -E '/^(nvidia-|cuda-|triton)/d' tests/e2e/requirements.lock
	rm tests/e2e/requirements.lock.old

PIP_INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes

$(RUNNABLE): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is missing or too old: Python 3.11 or newer is needed." >&2; \
		echo "If you have one, name it: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP_INSTALL) -r requirements.lock
	@touch $@

$(READY): $(RUNNABLE) requirements-dev.lock
	@echo "Installing what the tests need ..."
	@$(PIP_INSTALL) -r requirements-dev.lock
	@touch $@

# Only where it is missing: a venv named by OWUI_VENV is used as it is.
$(OWUI_READY):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || { \
		echo "Open WebUI 0.12.4 needs Python 3.11 or 3.12:" >&2; \
		echo "make PYTHON=python3.12 e2e" >&2; exit 1; }
	@echo "Installing Open WebUI into $(OWUI_VENV) (once; this takes minutes) ..."
	@$(PYTHON) -m venv $(OWUI_VENV)
	@$(OWUI_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		-r tests/e2e/requirements.lock

browser:
	@for name in chromium chromium-browser google-chrome; do \
		if command -v $$name >/dev/null; then exit 0; fi; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends \
			chromium fonts-dejavu-core; \
	else \
		echo "Chromium is missing. Install it, for example:" >&2; \
		echo "  sudo apt-get install chromium fonts-dejavu-core" >&2; exit 1; \
	fi
