"""A new password for admin, read from standard input: start-dev.sh runs it where the kept one was lost."""

import sys

from app.accounts.manager import AccountManager
from app.http.services import get
from dev.scripts.service import ADMIN
from wsgi import app

if __name__ == "__main__":
    with app.app_context():
        accounts = get(AccountManager)
        accounts.change_user(accounts.store.credentials(ADMIN).id, password=sys.stdin.read())
