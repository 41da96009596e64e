"""Development only: the scripts, the real parts that tests and bench run on, and the supply chain."""
