"""Base of the domain's errors."""


class ServiceError(Exception):
    """Base of all errors that an answer is made of. `detail` is for the client: clear, and without a secret."""

    detail = "The request could not be carried out."

    def __init__(self, detail: str | None = None) -> None:
        if detail is not None:
            self.detail = detail
        super().__init__(self.detail)
