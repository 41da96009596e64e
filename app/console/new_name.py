"""The name `new`: in paths it stands for a thing that has no name yet, and it may be a thing's own name."""

from werkzeug.routing import BaseConverter, ValidationError

NEW = "new"


class NewConverter(BaseConverter):
    """The name `new` alone: its page stands beside those of other names, where the editor of a new one does not."""

    regex = NEW

    def to_url(self, value: str) -> str:
        """The same. Raises ValidationError for another name, whose page links reach by its usual path."""
        if value != NEW:
            raise ValidationError
        return value


def is_new(path: str, name: str, etag: str) -> bool:
    """Whether an editor at `path` makes a thing, and does not edit the one whose name is `new`."""
    return path == NEW and not (name == NEW and etag)
