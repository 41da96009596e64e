"""Object storage: bytes under keys, in an S3 or in a folder."""
