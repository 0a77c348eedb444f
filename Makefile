.PHONY: demo test check tour bench messages lock clean

demo: ; @bin/setup && .venv/bin/python -m config.demo               # the site with a local stand-in for CoCalc
test: ; @bin/setup --browsers && .venv/bin/pytest -n auto           # every test, those in real browsers included
check: ; @bin/setup && bin/check                                    # style, types, who imports whom, deployment, migrations
tour: ; @bin/setup --chromium && .venv/bin/python -m tests.tour     # walks through the demo as student, teacher and administrator
bench: ; @bin/setup && .venv/bin/python -m tests.bench              # ratios of what we add to what CoCalc takes
messages: ; @bin/setup && .venv/bin/python -m tests.messages            # gathers the texts to translate, and compiles the catalogs
lock: ; @bin/setup && bin/lock                                      # resolves the dependencies again
clean: ; rm -rf var                                                 # deletes the demo's data
