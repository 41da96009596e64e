"""The typed configuration: defaults, config.yaml, environment. See config.yaml.example for every key."""

from app.config.faults import ConfigError
from app.config.load import load
from app.config.sections import Config

__all__ = ["Config", "ConfigError", "load"]
