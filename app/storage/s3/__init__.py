"""S3 client and storage backend."""
