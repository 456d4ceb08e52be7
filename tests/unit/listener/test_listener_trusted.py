"""Who owns what comes from a trusted network."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from takeback.auth.gate import Gate
from takeback.listener.door import Door
from takeback.listener.settings import Trusted
from takeback.ports.store import Account


class NobodyLogsIn(Gate):
    def __init__(self) -> None:
        pass


async def no_account(_key: str) -> Account | None:
    return None


def door(**section: object) -> Door:
    entry = Trusted.model_validate({"may_send_as": ["*@crm.example.com"], **section})
    return Door(NobodyLogsIn(), no_account, lambda _: True, [entry])


@pytest.mark.parametrize(
    ("network", "client", "trusted"),
    [
        ("127.0.0.1/32", "127.0.0.1", True),
        ("127.0.0.1/32", "::ffff:127.0.0.1", True),
        ("127.0.0.1/32", "127.0.0.2", False),
        ("fd00::/8", "fd00::1", True),
        ("fe80::/10", "fe80::1%eth0", True),
        ("10.0.0.0/8", "", False),
    ],
)
def test_only_the_network_counts(network: str, client: str, trusted: bool) -> None:
    submitter = door(network=network, account="crm").trusted(client)
    assert (submitter is not None) is trusted


def test_an_account_has_one_name_however_it_is_written() -> None:
    """`--account CRM` and `account = "Crm"` mean the same one."""
    submitter = door(network="127.0.0.1/32", account="Crm").trusted("127.0.0.1")
    assert submitter is not None
    assert (submitter.account, submitter.authenticated) == ("crm", False)
    assert submitter.may_send_as("news@CRM.example.com")
    assert not submitter.may_send_as("crm")


@pytest.mark.parametrize("account", ["", "  ", "\x00", 7])
def test_no_account_is_an_error(account: object) -> None:
    with pytest.raises(ValidationError):
        door(network="127.0.0.1/32", account=account)
