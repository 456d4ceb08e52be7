"""What a JMAP server answers: read strictly, for it may be anybody's. What does not fit is `NotJmap`, never a guess."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError

from takeback.ports.mailbox import Declined, MailboxRefused, MailboxUnavailable, QuotaExceeded

CORE = "urn:ietf:params:jmap:core"
MAIL = "urn:ietf:params:jmap:mail"
_PASSING = frozenset({"serverUnavailable", "serverFail", "requestTooLarge", "rateLimit", "stateMismatch"})
_LONGEST_WORDS = 200


class NotJmap(Exception):
    """The answer is not what the protocol says that it is."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Account(_Answer):
    read_only: StrictBool = Field(False, alias="isReadOnly")


class Session(_Answer):
    """RFC 8620 §2."""

    api: StrictStr = Field(alias="apiUrl")
    download: StrictStr = Field(alias="downloadUrl")
    upload: StrictStr = Field(alias="uploadUrl")
    capabilities: dict[str, Any]
    accounts: dict[str, Account]
    primary: dict[str, StrictStr] = Field(alias="primaryAccounts")


class Folder(_Answer):
    """A Mailbox of RFC 8621 §2: what people call a folder."""

    id: StrictStr
    name: StrictStr
    parent: StrictStr | None = Field(None, alias="parentId")
    role: StrictStr | None = None
    rights: dict[str, StrictBool] = Field({}, alias="myRights")


class Folders(_Answer):
    list: tuple[Folder, ...]


class Email(_Answer):
    """RFC 8621 §4, as far as it is asked for."""

    id: StrictStr
    blob: StrictStr = Field(alias="blobId")
    folders: dict[str, StrictBool] = Field(alias="mailboxIds")
    keywords: dict[str, StrictBool]
    size: StrictInt = Field(ge=0)
    received: datetime | None = Field(None, alias="receivedAt")

    @property
    def flags(self) -> frozenset[str]:
        return frozenset(keyword for keyword, is_set in self.keywords.items() if is_set)

    def is_in(self, folder: str) -> bool:
        return self.folders.get(folder, False)


class Emails(_Answer):
    state: StrictStr
    list: tuple[Email, ...]

    def one(self, email: str) -> Email | None:
        return next((each for each in self.list if each.id == email), None)


class Found(_Answer):
    """The answer to a query."""

    ids: tuple[StrictStr, ...]
    total: StrictInt | None = None


class SetError(_Answer):
    type: StrictStr
    description: StrictStr | None = None
    existing: StrictStr | None = Field(None, alias="existingId")


class Created(_Answer):
    id: StrictStr


class Changed(_Answer):
    """What became of a /set or an /import."""

    created: dict[str, Created] | None = None
    updated: dict[str, Any] | None = None
    destroyed: tuple[StrictStr, ...] | None = None
    not_created: dict[str, SetError] | None = Field(None, alias="notCreated")
    not_updated: dict[str, SetError] | None = Field(None, alias="notUpdated")
    not_destroyed: dict[str, SetError] | None = Field(None, alias="notDestroyed")
    new_state: StrictStr | None = Field(None, alias="newState")

    def error(self, what: str) -> SetError | None:
        """Why that was not done; None where nothing speaks against it."""
        for errors in (self.not_created, self.not_updated, self.not_destroyed):
            if errors and what in errors:
                return errors[what]
        return None


class Uploaded(_Answer):
    blob: StrictStr = Field(alias="blobId")
    size: StrictInt


_Model = TypeVar("_Model", bound=_Answer)


def understood(model: type[_Model], answer: object) -> _Model:
    """Raises NotJmap."""
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))[:_LONGEST_WORDS]
        raise NotJmap(f"{where}: {first['msg'][:_LONGEST_WORDS]}") from None


def problem(server: str, what: str, error: Mapping[str, object]) -> MailboxUnavailable | MailboxRefused:
    """What an error of a method or of one object (RFC 8620 §3.6.2, §5.3) means to whoever asked."""
    kind = error.get("type")
    text = f"{server} answered {what} with {kind if isinstance(kind, str) else 'an error'}"[:_LONGEST_WORDS]
    if isinstance(words := error.get("description"), str) and words:
        text += f": {words[:_LONGEST_WORDS]}"
    if kind == "overQuota":
        return QuotaExceeded(text)
    if not isinstance(kind, str) or kind == "serverPartialFail":
        return MailboxUnavailable(text)
    if kind in _PASSING:
        return Declined(text)
    return MailboxRefused(text)
