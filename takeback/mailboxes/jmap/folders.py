"""The folders of one mailbox, as their user reads their names. JMAP calls a folder Mailbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from takeback.mailboxes.jmap.answers import Folder, NotJmap

INBOX = "INBOX"
_DEEPEST = 100


class Tree:
    """All folders, by their paths."""

    def __init__(self, folders: Iterable[Folder]) -> None:
        """Raises NotJmap where a folder lies in itself or in one that is not there."""
        self._by_id = {folder.id: folder for folder in folders}
        self._paths = {id: self._path(folder) for id, folder in self._by_id.items()}

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def inbox(self) -> Folder | None:
        return next((folder for folder in self._by_id.values() if _role(folder) == "inbox"), None)

    def path(self, id: str) -> str | None:
        """`INBOX`, or the names from the top, with `/` between them; None where there is no such folder."""
        return self._paths.get(id)

    def find(self, path: str) -> str | None:
        """The id of the folder at that path."""
        wanted = _even(path)
        return next((id for id, each in self._paths.items() if _even(each) == wanted), None)

    def is_skipped(self, id: str, skipped: Sequence[str]) -> bool:
        """Whether policy names the folder, by its special use or by its name."""
        names = {each.lower() for each in skipped}
        return f"\\{_role(self._by_id[id])}" in names or self._paths[id].lower() in names

    def _path(self, folder: Folder) -> str:
        names: list[str] = []
        each: Folder | None = folder
        while each is not None:
            names.append(INBOX if _role(each) == "inbox" else each.name)
            if len(names) > _DEEPEST or (each.parent is not None and each.parent not in self._by_id):
                raise NotJmap("folders that lie nowhere")
            each = self._by_id[each.parent] if each.parent is not None else None
        return "/".join(reversed(names))


def _role(folder: Folder) -> str:
    return (folder.role or "").lower()


def _even(path: str) -> str:
    """INBOX is the same in any case (RFC 9051 §5.1)."""
    return INBOX if path.upper() == INBOX else path
