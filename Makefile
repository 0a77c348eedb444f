# Which CoCalc the stand-in plays; make demo GENERATION=conat
GENERATION ?= v1
# The tests of the site; all others know neither a database nor which CoCalc it is
SITE = tests/administration tests/browser tests/classroom tests/config tests/embedding

.PHONY: demo test test-conat test-postgres check tour bench messages lock clean

demo: ; @bin/setup && .venv/bin/python -m config.demo --generation $(GENERATION)  # the site with a local stand-in for CoCalc
test: ; @bin/setup --browsers && .venv/bin/pytest -n auto              # every test, those in real browsers included
test-conat: ; @bin/setup --browsers && .venv/bin/pytest -n auto --generation conat -m "not alike" tests/browser tests/classroom tests/embedding  # what asks CoCalc once more, with one of 2025 and 2026
test-postgres: ; @bin/setup --postgres && .venv/bin/python -m tests.postgres .venv/bin/pytest -n auto --generation $(GENERATION) -m "database or not alike" $(SITE)  # what uses a database, with a PostgreSQL of its own
check: ; @bin/setup && bin/check                                    # style, types, who imports whom, deployment, migrations
tour: ; @bin/setup --chromium && .venv/bin/python -m tests.tour --generation $(GENERATION)  # walks through the demo as student, teacher and administrator
bench: ; @bin/setup && .venv/bin/python -m tests.bench              # ratios of what we add to what CoCalc takes
messages: ; @bin/setup && .venv/bin/python -m tests.messages            # gathers the texts to translate, and compiles the catalogs
lock: ; @bin/setup && bin/lock                                      # resolves the dependencies again
clean: ; rm -rf var                                                 # deletes the demo's data
