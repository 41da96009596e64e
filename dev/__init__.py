"""Development only: the real PostgreSQL, MinIO and VersityGW that start-dev.sh, the tests and bench run."""
