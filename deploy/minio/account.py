"""Make what the service's configuration names on a MinIO: the bucket, and a user with the rights of policy.json.

    MINIO_ROOT_USER=… MINIO_ROOT_PASSWORD=… python deploy/minio/account.py

The configuration is the service's (config.yaml, or OPAMP_PACKAGES_CONFIG). May be run again: a user that is there
gets the configured secret key, and the policy is set anew.
"""

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from minio import Minio, MinioAdmin
from minio.credentials import StaticProvider
from minio.error import MinioAdminException, S3Error
from urllib3.exceptions import HTTPError

from app.config import ConfigError, load
from app.config.sections import MinioSection

POLICY = Path(__file__).with_name("policy.json")
BUCKET_OF_POLICY = "opamp-packages"


def main() -> None:
    """Make all of it as MinIO's administrator. Raises SystemExit with one line if it cannot."""
    try:
        config = load().minio
        administrator = os.environ["MINIO_ROOT_USER"], os.environ["MINIO_ROOT_PASSWORD"]
        make_bucket(config, *administrator)
        make_user(config, *administrator)
    except KeyError as error:
        sys.exit(f"{error.args[0]} is not set: the name and the password that MinIO was started with")
    except (ConfigError, MinioAdminException, S3Error, HTTPError, ValueError) as error:
        sys.exit(f"deploy/minio/account.py: {error}")


def make_bucket(config: MinioSection, user: str, password: str) -> None:
    """The bucket, if it is absent."""
    s3 = Minio(
        endpoint=config.endpoint,
        access_key=user,
        secret_key=password,
        secure=config.use_ssl,
        region=config.region or None,
    )
    if not s3.bucket_exists(bucket_name=config.bucket):
        s3.make_bucket(bucket_name=config.bucket)


def make_user(config: MinioSection, user: str, password: str) -> None:
    """The user, who may do in that bucket what the service does and nothing else."""
    admin = MinioAdmin(endpoint=config.endpoint, credentials=StaticProvider(user, password), secure=config.use_ssl)
    access_key = config.access_key.get_secret_value()
    admin.user_add(access_key, config.secret_key.get_secret_value())
    with tempfile.NamedTemporaryFile("w", suffix=".json") as policy:
        policy.write(POLICY.read_text().replace(f":::{BUCKET_OF_POLICY}", f":::{config.bucket}"))
        policy.flush()
        admin.policy_add(config.bucket, policy.name)
    admin.policy_set(config.bucket, user=access_key)


if __name__ == "__main__":
    main()
