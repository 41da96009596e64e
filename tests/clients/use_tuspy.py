"""Upload a file with tuspy: URL, file, name. Run by the Python that has it; the token is in TOKEN."""

import os
import sys

from tusclient.client import TusClient

url, file, name = sys.argv[1:]
client = TusClient(f"{url}/api/v1/uploads", headers={"Authorization": f"Bearer {os.environ['TOKEN']}"})
fields = {"name": name, "version": "1.0.0", "platform": "linux", "arch": "amd64", "filename": "agent.bin"}
client.uploader(file, metadata=fields, chunk_size=16 << 20, retries=40, retry_delay=0).upload()
