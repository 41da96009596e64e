"""The application as it is put together."""

import inspect
from itertools import chain
from typing import Any

from app.factory import make_app
from tests.configuration import configuration


def handlers_of(view: Any) -> list[Any]:
    """The functions that answer for a view: its class's methods, or itself."""
    if not hasattr(view, "view_class"):
        return [inspect.unwrap(view)]
    methods = [getattr(view.view_class, method.lower(), None) for method in view.methods or ()]
    return [inspect.unwrap(method) for method in methods if method]


def test_no_handler_is_a_coroutine() -> None:
    """Handlers are plain functions: Application calls them without looking, and a coroutine would never run."""
    app = make_app(configuration())
    handlers = [handler for view in app.view_functions.values() for handler in handlers_of(view)]
    hooks = [*chain(*app.before_request_funcs.values(), *app.after_request_funcs.values())]
    assert len(handlers) >= len(app.view_functions)
    assert [one for one in handlers + hooks if inspect.iscoroutinefunction(one)] == []
