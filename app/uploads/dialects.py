"""What the two dialects of uploads in pieces are known by: tus, and draft-ietf-httpbis-resumable-upload."""

TUS_VERSION = "1.0.0"
TUS_BYTES = "application/offset+octet-stream"
DRAFT_BYTES = "application/partial-upload"
