"""Content-Disposition of a download (RFC 6266): attachment, with the file's name."""

import unicodedata
from urllib.parse import quote

from werkzeug.http import dump_options_header

ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"
"""What RFC 8187 leaves as it is, beside letters and digits."""


def attachment(file_name: str) -> str:
    """`attachment` with the name; one outside ASCII also as `filename*` (RFC 8187), which today's clients read."""
    names = {"filename": file_name}
    if not file_name.isascii():
        plain = unicodedata.normalize("NFKD", file_name).encode("ascii", "ignore").decode("ascii")
        names = {"filename": plain, "filename*": f"UTF-8''{quote(file_name, safe=ATTRIBUTE_CHARACTERS)}"}
    return dump_options_header("attachment", names)
