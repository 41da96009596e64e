"""URL converters."""

from werkzeug.routing import BaseConverter, ValidationError

BIGINT_MAX = 2**63 - 1


class BigIntConverter(BaseConverter):
    """An id: 1 to 2^63 - 1 in plain decimal. Anything else is no such path: 404."""

    regex = r"[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        """The id; raises ValidationError beyond PostgreSQL's bigint."""
        number = int(value)
        if number > BIGINT_MAX:
            raise ValidationError
        return number
