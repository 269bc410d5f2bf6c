"""The certificate: PyTorch's own test database, run through PyTorch and through tinygrad_lite, and compared.

translate.py turns a sample of the database into the same call in both libraries; compare.py says how far two results are apart;
run.py runs an entry; exceptions.py lists where the two may differ, and what is not covered; page.py writes tests/PARITY.md.
The command is `python tests/parity.py`.
"""
