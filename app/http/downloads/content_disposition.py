"""The Content-Disposition of a file that is to be saved (RFC 6266)."""

import unicodedata
from urllib.parse import quote

from werkzeug.http import dump_options_header

ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"
"""What RFC 8187 leaves as it is, beside letters and digits."""


def attachment(file_name: str) -> str:
    """`attachment` with the name; one outside ASCII also in RFC 8187's form, which every client of today reads."""
    names = {"filename": file_name}
    if not file_name.isascii():
        plain = unicodedata.normalize("NFKD", file_name).encode("ascii", "ignore").decode("ascii")
        names = {"filename": plain, "filename*": f"UTF-8''{quote(file_name, safe=ATTRIBUTE_CHARACTERS)}"}
    return dump_options_header("attachment", names)
