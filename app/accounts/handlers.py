"""Login, the caller's own account, users and machine tokens over HTTP."""

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from app.accounts.auth import caller, requires
from app.accounts.manager import AccountManager
from app.accounts.roles import Role
from app.accounts.schemas import (
    CallerSchema,
    IssuedTokenSchema,
    LoggedInSchema,
    LoginSchema,
    NewTokenSchema,
    NewUserSchema,
    TokenSchema,
    UserChangeSchema,
    UserSchema,
)
from app.accounts.store import AccountStore
from app.http.json_body import json_fields
from app.http.openapi.describe import answers, asks, for_everyone, operation, refuses, takes
from app.http.paging import PageQuery, page_answer, requested_page
from app.http.query import no_parameters, parameters
from app.http.responses import json_answer, no_content
from app.http.services import get
from app.server.serving import LOGIN_QUEUE_FULL

blueprint = Blueprint("accounts", __name__, url_prefix="/api/v1", description="Logins, users, machine tokens.")

login_json = LoggedInSchema().dump
caller_json = CallerSchema().dump
user_json = UserSchema().dump
token_json = TokenSchema().dump


@blueprint.route("/auth/login")
class Login(MethodView):
    """Logins."""

    @for_everyone
    @answers(200, LoggedInSchema)
    @takes(LoginSchema)
    @refuses(401, 429)
    @operation("login")
    def post(self) -> Response:
        """A token for a user name and password.

        The answer to an unknown name and to a wrong password is the same. After 10 failures of a name from an
        address within 5 minutes every further login is refused with 429 and Retry-After.
        """
        fields, address = json_fields(LoginSchema()), request.remote_addr or ""
        if LOGIN_QUEUE_FULL in request.environ:
            get(AccountManager).refuse_login(fields["username"], address)
        login = get(AccountManager).login(**fields, address=address)
        return json_answer(login_json(login))


@blueprint.route("/me")
class Me(MethodView):
    """The caller."""

    @requires(Role.AGENT)
    @answers(200, CallerSchema)
    @operation("get_me")
    def get(self) -> Response:
        """Who the token speaks for, with the role it has now."""
        no_parameters()
        return json_answer(caller_json(caller()))


@blueprint.route("/users")
class Users(MethodView):
    """All users."""

    @requires(Role.ADMIN)
    @answers(200, UserSchema(many=True))
    @asks(PageQuery)
    @operation("list_users")
    def get(self) -> Response:
        """Users by id, in pages: follow `Link: <…>; rel="next"` while there is one."""
        page = requested_page(parameters(PageQuery), int)
        rows = get(AccountStore).users(page.fetch, page.after_id)
        return page_answer(page, rows, user_json, lambda row: (row.id,))

    @requires(Role.ADMIN)
    @answers(201, UserSchema)
    @takes(NewUserSchema)
    @refuses(409)
    @operation("create_user")
    def post(self) -> Response:
        """Create a user."""
        user = get(AccountManager).create_user(**json_fields(NewUserSchema()))
        return json_answer(user_json(user), 201)


@blueprint.route("/users/<bigint:user_id>")
class User(MethodView):
    """One user."""

    @requires(Role.ADMIN)
    @answers(200, UserSchema)
    @refuses(404)
    @operation("get_user")
    def get(self, user_id: int) -> Response:
        """The user."""
        user = get(AccountStore).user(user_id)
        no_parameters()
        return json_answer(user_json(user))

    @requires(Role.ADMIN)
    @answers(200, UserSchema)
    @takes(UserChangeSchema)
    @refuses(404, 409)
    @operation("edit_user")
    def patch(self, user_id: int) -> Response:
        """Change role, password or activity; a new password ends the user's tokens."""
        get(AccountStore).user(user_id)
        user = get(AccountManager).change_user(user_id, **json_fields(UserChangeSchema()))
        return json_answer(user_json(user))

    @requires(Role.ADMIN)
    @answers(204)
    @refuses(404, 409)
    @operation("delete_user")
    def delete(self, user_id: int) -> Response:
        """Remove the user, which ends their tokens. Machine tokens that they made stay."""
        get(AccountStore).user(user_id)
        no_parameters()
        get(AccountStore).delete_user(user_id)
        return no_content()


@blueprint.route("/tokens")
class Tokens(MethodView):
    """All machine tokens."""

    @requires(Role.ADMIN)
    @answers(200, TokenSchema(many=True))
    @asks(PageQuery)
    @operation("list_tokens")
    def get(self) -> Response:
        """Machine tokens by id, in pages, without the tokens themselves."""
        page = requested_page(parameters(PageQuery), int)
        rows = get(AccountStore).tokens(page.fetch, page.after_id)
        return page_answer(page, rows, token_json, lambda row: (row.id,))

    @requires(Role.ADMIN)
    @answers(201, IssuedTokenSchema)
    @takes(NewTokenSchema)
    @operation("create_token")
    def post(self) -> Response:
        """Make a machine token. `token` is shown this once and kept nowhere."""
        issued = get(AccountManager).create_token(**json_fields(NewTokenSchema()), created_by=caller().username)
        return json_answer({**token_json(issued.row), "token": issued.token}, 201)


@blueprint.route("/tokens/<bigint:token_id>")
class Token(MethodView):
    """One machine token."""

    @requires(Role.ADMIN)
    @answers(204)
    @refuses(404)
    @operation("revoke_token")
    def delete(self, token_id: int) -> Response:
        """Revoke the machine token at once."""
        get(AccountStore).token(token_id)
        no_parameters()
        get(AccountStore).delete_token(token_id)
        return no_content()
