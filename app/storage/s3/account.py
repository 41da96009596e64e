"""S3 account: endpoint, bucket and credentials."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class S3Account:
    """Where a bucket is and who asks. `endpoint` is host or host:port; the keys are not in its repr."""

    endpoint: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    bucket: str
    use_ssl: bool = False
    region: str = ""

    @property
    def signing_region(self) -> str:
        """The region that signatures name: S3's own default where none is set."""
        return self.region or "us-east-1"
