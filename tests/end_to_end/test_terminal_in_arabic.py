"""The everyday commands in Arabic, beside a gateway that runs: answers, errors, help; and the same JSON as ever."""

from __future__ import annotations

from tests.end_to_end.running import Gateway, Ran, call_command, run_command
from tests.end_to_end.test_command_line import BOTH, CAT, complain, half_gone

FSI, PDI = "\u2068", "\u2069"


def arabic(gateway: Gateway, *arguments: str) -> Ran:
    environment = {"TAKEBACK_LANG": "", "LC_ALL": "ar_SA.UTF-8"}
    return call_command(*arguments, "--config", str(gateway.file), environment=environment)


def one(text: str) -> str:
    return f"{FSI}{text}{PDI}"


def test_undo(gateway: Gateway) -> None:
    id = half_gone(gateway)
    ran = arabic(gateway, "undo", id)
    assert ran.status == 3
    stopped = f"{one(id)}: أُوقفت لمستلم واحد: {one('kept@example.net')}. "
    late = f"فات الأوان على مستلم واحد: {one('gone@now.example')} سُلِّمت نسخته في {FSI}"
    assert ran.out.startswith(stopped + late)
    assert ran.out.endswith(f" ({one('250 2.1.5 delivered')}).\n")


def test_outbox_show_hold_and_release(gateway: Gateway) -> None:
    id = gateway.submit(CAT, BOTH)
    assert "عُلِّقت لمستلمَين إلى أن تُرسلها." in arabic(gateway, "hold", id, "--until-released").out
    listed = arabic(gateway, "outbox", "--account", CAT).out
    assert "تغادر بعد" in listed and "حين تُرسَل" in listed and id in listed
    shown = arabic(gateway, "show", id).out
    for each in ("الموضوع", "المستلم", "معلّقة", "قُبلت", "تعليق"):
        assert each in shown, each
    assert arabic(gateway, "release", id).out == f"{one(id)}: في الطريق إلى مستلمَين.\n"
    assert arabic(gateway, "outbox", "--account", "zoe@example.com").out == "لا رسائل معلّقة ولا رسائل في طريقها.\n"


def test_errors(gateway: Gateway) -> None:
    id = gateway.submit(CAT, BOTH)
    for arguments, status, said in (
        (["undo", "nosuchid"], 4, f"لا توجد رسالة كهذه: {one('nosuchid')}"),
        (["undo", id, "--recipient", "q@q.example"], 4, f"ليس {one('q@q.example')} من مستلمي {one(id)}"),
        (["hold", id, "--for", "soon"], 2, "ليست مدّة"),
        (["hold", id, "--until", "soon"], 2, "ليس وقتًا"),
        (["hold", id], 2, "قل إلى متى"),
    ):
        ran = arabic(gateway, *arguments)
        assert (ran.status, ran.out) == (status, "")
        assert ran.err.startswith(f"{one('takeback')}: ") and said in ran.err
        assert len(ran.err.splitlines()) == 1


def test_programs_read_the_same(gateway: Gateway) -> None:
    id = half_gone(gateway)
    for arguments in (["undo", id], ["show", id], ["outbox", "--account", CAT], ["release", id], ["undo", "none"]):
        told, usual = arabic(gateway, *arguments, "--json"), gateway.command(*arguments, "--json")
        assert (told.status, told.out, told.err) == (usual.status, usual.out, usual.err)
    complain(arabic(gateway, "undo", "none", "--json"), 4, "not_found")


def test_named_on_the_line_as_a_process(gateway: Gateway) -> None:
    config = ("--config", str(gateway.file))
    missing = run_command("undo", "nosuchid", *config, "--lang", "ar")
    assert (missing.status, missing.err) == (4, f"{one('takeback')}: لا توجد رسالة كهذه: {one('nosuchid')}\n")
    assert "no such message" in run_command("--lang=en", "undo", "nosuchid", *config).err
    assert run_command("--lang", "tlh", "outbox", *config).status == 2


def test_help() -> None:
    assert "أوقف رسالة قبل أن تغادر" in call_command("--help", "--lang", "ar").out
    assert "هذا المستلم وحده" in call_command("undo", "--lang", "ar", "--help").out
    assert "Stop a message before it leaves" in call_command("undo", "--help").out
