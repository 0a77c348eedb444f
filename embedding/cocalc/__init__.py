"""The CoCalc client: one interface, a driver for each generation of the API. No Django here."""
