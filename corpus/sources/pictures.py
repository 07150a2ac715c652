"""The pictures that records name: looked at once, kept as they are."""

from collections.abc import Mapping
from errno import ENAMETOOLONG
from pathlib import Path
from typing import Any

from catalog import media
from catalog.ids import digest
from corpus.readers.files import sha256
from corpus.sources.template import Rejected

IMAGE_SUFFIXES = {suffix for suffixes in media.SUFFIXES.values() for suffix in suffixes}


def digest_of(folder: Path) -> str | None:
    """What changes when a picture below a folder does: their names and their bytes; None where there is none.

    Raises:
        corpus.readers.ReadError: If one cannot be read.
    """
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
    return digest({path.relative_to(folder).as_posix(): sha256(path) for path in found}) if found else None


class Pictures:
    """Pictures of one file of a source.

    Args:
        folder: The folder of the source; no path leads out of it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._ids: dict[str, str] = {}
        self._found: dict[str, tuple[dict[str, Any], bytes]] = {}
        self._handed_out: set[str] = set()
        self._noted: set[tuple[str, str, str | None]] = set()
        self.notes: list[tuple[str, str, str | None, int]] = []

    def look(self, image: Any, *, line: int, text: str | None = None) -> str:
        """`media_id` of a picture; what is odd about it is added to `notes`, once.

        Args:
            image: Its path inside the source, its bytes, or an object that holds either as `path` and `bytes`.
            line: The record that shows it.
            text: What is known to stand in it.

        Raises:
            Rejected: `image_outside`, `missing_image`, `wrong_type`, and what `catalog.media.examine` refuses.
        """
        if isinstance(image, Mapping):
            image = image.get("bytes") or image.get("path")
        if isinstance(image, bytes):
            return self._keep(image, None, line, text)
        if not isinstance(image, str):
            raise Rejected("wrong_type", f"expected the path or the bytes of a picture, found {type(image).__name__}")
        if image not in self._ids:
            self._ids[image] = self._keep(self._read(image, line), image, line, text)
        return self._ids[image]

    def _read(self, path: str, line: int) -> bytes:
        try:
            place = (self._folder / path).resolve()
            if not place.is_relative_to(self._folder):
                raise Rejected("image_outside", "the path of a picture leads out of the source's folder")
            if place.is_file():
                return place.read_bytes()
        except OSError as error:  # its message holds the path, which may be a text of the record
            if error.errno != ENAMETOOLONG:
                raise OSError(error.errno, f"a picture that record {line} names: {error.strerror}") from None
        raise Rejected("missing_image", "a picture that the record names is not there")

    def _keep(self, data: bytes, path: str | None, line: int, text: str | None) -> str:
        try:
            known, words = media.examine(data)
        except media.BadImage as error:
            raise Rejected(error.reason, f"a picture of {len(data)} bytes: {error.detail}") from None
        name = str(known["media_id"])
        suffix = Path(path or "").suffix.lower()
        if suffix in IMAGE_SUFFIXES and suffix not in media.SUFFIXES[known["mime"]]:
            words = [*words, "wrong_suffix"]
        self.notes += [(word, name, path, line) for word in words if (word, name, path) not in self._noted]
        self._noted |= {(word, name, path) for word in words}
        self._found[name] = ({**known, "text": text}, data)
        return name

    def hand_out(self, shown: set[str]) -> list[tuple[dict[str, Any], bytes]]:
        """Those of the pictures that rows show and that were not handed out before."""
        new = [picture for name, picture in self._found.items() if name in shown - self._handed_out]
        self._handed_out |= shown
        self._found, self._ids = {}, {}
        return new
