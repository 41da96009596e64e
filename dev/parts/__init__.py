"""Real PostgreSQL, MinIO, VersityGW, nginx and the service, run as processes by scripts, tests and bench."""
