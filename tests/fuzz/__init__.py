"""The parts of test_fuzz.py: pen.py draws programs, twins.py runs them in tinygrad_lite and in torch."""
