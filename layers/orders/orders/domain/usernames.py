"""Who a person is: one canonical form of a username, so that two spellings are never two people. Pure.

A Cognito user pool that ignores case signs `Manager-1` and `manager-1` in as the same user, and another system may put
any spelling into the intake queue. Rules about people (segregation of duties, one vote each, own orders) therefore
compare canonical names. Letters of two alphabets that look alike remain different names.
"""

from __future__ import annotations

import unicodedata
from typing import NewType

from orders.domain.errors import InvalidUsernameError
from orders.domain.texts import INVISIBLE

Username = NewType("Username", str)
"""A username in its canonical form; made by `username_of` only."""

WORKFLOW, NOTIFIER = "workflow", "notifier"
"""The actors in the audit that are no people, so no person may have such a name."""

MAX_LENGTH = 128


def username_of(name: str) -> Username:
    """Return the canonical form of a name: case and width folded, without surrounding space.

    Raises InvalidUsernameError for what is no username of a Cognito user pool: a name that is empty, is longer than 128
    characters, has space, control or invisible characters inside, or is a mail address, which names no user by itself.
    """
    username = folded(name)
    if not 1 <= len(username) <= MAX_LENGTH:
        raise InvalidUsernameError(f"Use a username of 1 to {MAX_LENGTH} characters.")
    if INVISIBLE.search(name) or not all(unicodedata.category(each)[0] in "LMNPS" for each in username):
        raise InvalidUsernameError("Use letters, digits, marks and punctuation only in a username; no spaces.")
    if "@" in username.strip("@"):
        raise InvalidUsernameError("Use the username; a mail address is not one.")
    if username in {WORKFLOW, NOTIFIER}:
        raise InvalidUsernameError(f"Use another username; {username} is a part of this system.")
    return Username(username)


def folded(name: str) -> str:
    """Return the form in which any two names are compared, also those that are no usernames."""
    name = unicodedata.normalize("NFKC", INVISIBLE.sub("", name))
    return unicodedata.normalize("NFKC", name.casefold()).strip(" ")


def same_person(one: str | None, other: str | None) -> bool:
    """Return whether both are names of one person; a missing name matches no person."""
    return one is not None and other is not None and folded(one) == folded(other)
