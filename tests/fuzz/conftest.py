"""Every run of the fuzz tries the same inputs, so that CI fails for a change and not by chance."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "fixed", derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile("search", deadline=None, database=None, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("OPAMP_FUZZ", "fixed"))
