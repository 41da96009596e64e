"""OpAMP's plain HTTP endpoint, and what agents report."""
