"""The version, which is the service's."""

VERSION = "1.0.0"
