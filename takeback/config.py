"""The configuration: one TOML file, read whole and checked before anything listens.

Every package owns its Settings; this file says under which name each stands, and turns whatever is wrong into one
line that names the file, the key and the mend.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ValidationError

from takeback.auth.settings import AuthSettings
from takeback.errors import ConfigError
from takeback.hold.settings import HoldSettings
from takeback.httpd.settings import HttpSettings
from takeback.listener.settings import LimitSettings, SmtpSettings
from takeback.mail.address import canonical_domain
from takeback.mailboxes.own_settings import SentCopySettings
from takeback.mailboxes.settings import MailboxSettings
from takeback.people.settings import PeopleSettings
from takeback.quantities import Settings
from takeback.recall.settings import RecallSettings
from takeback.relay.settings import RelaySettings
from takeback.review import codes
from takeback.review.settings import ReviewSettings
from takeback.store.settings import DataSettings, RetentionSettings

DEFAULT_PLACES = (Path("takeback.toml"), Path("/etc/takeback/takeback.toml"))


def _read_domains(value: object) -> object:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(canonical_domain(item) for item in value)
    return value


def _read_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class OrganisationSettings(Settings):
    domains: Annotated[tuple[str, ...], BeforeValidator(_read_domains)] = ()
    """What is internal; `example.com` covers its subdomains. Everything else is external."""

    def is_internal(self, domain: str) -> bool:
        """Of a domain as `takeback.mail.address.domain_of` gives it."""
        return any(domain == own or domain.endswith(f".{own}") for own in self.domains)


class Config(Settings):
    """The whole configuration."""

    data: DataSettings = DataSettings()
    smtp: SmtpSettings = SmtpSettings()
    auth: AuthSettings = AuthSettings()
    http: HttpSettings = HttpSettings()
    organisation: OrganisationSettings = OrganisationSettings()
    hold: HoldSettings = HoldSettings()
    people: PeopleSettings = PeopleSettings()
    review: ReviewSettings = ReviewSettings()
    relay: Annotated[tuple[RelaySettings, ...], BeforeValidator(_read_tuple)] = ()
    mailboxes: Annotated[tuple[MailboxSettings, ...], BeforeValidator(_read_tuple)] = ()
    sent_copies: SentCopySettings = SentCopySettings()
    recall: RecallSettings = RecallSettings()
    limits: LimitSettings = LimitSettings()
    retention: RetentionSettings = RetentionSettings()


def find(path: Path | None) -> Path:
    """The file that was named, else the first of the default places that is there. Raises ConfigError."""
    if path is not None:
        return path
    for place in DEFAULT_PLACES:
        if place.is_file():
            return place
    raise ConfigError(
        f"no configuration: neither {' nor '.join(map(str, DEFAULT_PLACES))} is there; name one with --config FILE"
    )


def load(path: Path) -> Config:
    """The configuration in a file. Raises ConfigError with one line for whoever has to mend it."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from None
    return parse(document, path)


def parse(document: Mapping[str, Any], path: Path) -> Config:
    """The configuration in a parsed document; `path` is where it came from, for messages and relative paths."""
    try:
        # A [data] that is left out is read as an empty one: only what is read gets its paths from the file's folder.
        config = Config.model_validate({"data": {}, **document}, context={"folder": path.absolute().parent})
    except ValidationError as error:
        raise ConfigError(f"{path}: {_explain(error)}") from None
    _check_together(config, path)
    return config


def _check_together(config: Config, path: Path) -> None:
    smtp = config.smtp
    if bool(smtp.certificate) != bool(smtp.key):
        raise ConfigError(f"{path}: smtp.certificate and smtp.key belong together; set both or neither")
    if smtp.listen_tls and not smtp.certificate:
        raise ConfigError(f"{path}: smtp.listen_tls: needs smtp.certificate and smtp.key")
    if not smtp.listen and not smtp.listen_tls:
        raise ConfigError(f'{path}: smtp.listen: nothing to listen on; write listen = ["127.0.0.1:1587"]')
    if config.auth.backend == "imap" and not config.organisation.domains:
        raise ConfigError(
            f'{path}: organisation.domains: auth.backend = "imap" needs it, to know whose addresses that server may '
            'vouch for; write domains = ["example.com"]'
        )
    if bool(config.http.certificate) != bool(config.http.key):
        raise ConfigError(f"{path}: http.certificate and http.key belong together; set both or neither")
    if config.http.oidc is not None and not config.organisation.domains:
        raise ConfigError(
            f"{path}: organisation.domains: http.oidc needs it, to know whose addresses that provider may vouch for; "
            'write domains = ["example.com"]'
        )
    for key, code in _codes_in(config):
        if wrong := codes.unknown(code):
            raise ConfigError(f"{path}: {key}: {wrong}")
    if not config.relay:
        raise ConfigError(
            f'{path}: relay: there is no way out; add a [[relay]] with to = "smtp://smarthost.example.com:587"'
        )


def _codes_in(config: Config) -> Iterator[tuple[str, str]]:
    """Every code of a finding that is written somewhere, with the key where it stands."""
    yield from ((f"review.rules.{code}", code) for code in config.review.rules)
    for number, rule in enumerate(config.hold.rule, start=1):
        yield from ((f"hold.rule[{number}].when.finding", code) for code in rule.when.finding or ())


def _explain(error: ValidationError) -> str:
    """The first problem, unknown keys before the rest: a misspelt key often causes the others."""
    problems = sorted(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    problem = problems[0]
    key = _key(problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{key}: {_explain_unknown(problem['loc'], key)}"
    text = problem["msg"].removeprefix("Value error, ")
    return f"{key}: {text[:1].lower()}{text[1:]}"


def _key(location: Sequence[int | str]) -> str:
    """`relay[2].to`: the way a person would say it, counting from one."""
    parts: list[str] = []
    for step in location:
        if isinstance(step, int):
            parts[-1:] = [f"{parts[-1] if parts else ''}[{step + 1}]"]
        else:
            parts.append(step)
    return ".".join(parts)


def _explain_unknown(location: Sequence[int | str], key: str) -> str:
    known = _known_keys(location[:-1])
    if close := difflib.get_close_matches(str(location[-1]), known, n=1):
        return f"unknown key; did you mean {close[0]}?"
    return f"unknown key; remove it (known here: {', '.join(sorted(known))})"


def _known_keys(location: Sequence[int | str]) -> list[str]:
    model: type[BaseModel] = Config
    for step in location:
        if isinstance(step, str):
            model = _model_of(model, step) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_of(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    for field_name, field in model.model_fields.items():
        if name in (field_name, field.alias):
            return next(_models_in(field.annotation), None)
    return None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
