"""Credentials that somebody left in a text, beside any script."""

import polars as pl

from corpus.filters.credentials import credentials
from corpus.filters.pii import FOUND

# A cheap look at the whole column; the exact patterns run on the few rows that pass it.
WORTH_READING = (
    r"A[KSBC][IC]A[A-Z0-9]{16}|LTAI|AKID|gh[pousr]_|github_pat_|gl[a-z]{2,4}-|xox[abeoprs]-|hooks\.slack|sk-|hf_|api_org_"
    r"|AIza|ya29\.|GOCSPX-|[rs]k_(?:live|test)_|SG\.[A-Za-z0-9]|npm_|pypi-|dckr_pat_|:AA|PRIVATE KEY|eyJ"
    r"|://[^\s:/@]{0,64}:[^\s/@]{4,128}@|(?i:passw(?:or)?d|pwd)="
    r"|(?i:key|token|secret|passw(?:or)?d|pwd|bearer|id)[\"'`*]{0,3}\s{0,3}(?:[:=：＝]|is|是|为|\s)[:=>\s\"'`「“]{0,6}[A-Za-z0-9_\-+/=.~]{16}"
    r"|(?:密码|密钥|秘钥|口令|令牌|密碼|金鑰)[\s\S]{0,6}[A-Za-z0-9_\-+/=.~]{16}"
)


def find_secrets(text: pl.Series) -> pl.DataFrame:
    """Credentials in each text, and where they stand.

    Keys and tokens by the form that their issuer gives them (Amazon, Aliyun, Tencent, GitHub, GitLab, Slack, OpenAI and
    those like it, Hugging Face, Google, Stripe, SendGrid, npm, PyPI, Docker, Telegram), private key blocks, JSON web
    tokens, addresses and connection strings with a password, and anything random of 16 characters or more that is
    called key, token, secret or password, in English or Chinese. What reads like words or a placeholder is none.

    Not caught: passwords that people choose (short, or made of words) outside connection strings; issuers that are not
    listed, where no word says what the token is; tokens over a line break, encoded, or with a full-width character.
    It is not asked whether a credential still works.

    Args:
        text: String column. Null counts as empty.

    Returns:
        One row per finding, columns as in `find_pii`: `row`, `type`, `start`, `end` in code points. None overlap.
    """
    worth = text.str.contains(WORTH_READING).fill_null(False).arg_true()
    found = []
    for row, value in zip(worth, text.gather(worth), strict=True):
        taken: list[tuple[int, str, int, int]] = []
        for kind, start, end in credentials(value):
            if all(end <= begun or start >= done for _, _, begun, done in taken):
                taken.append((row, kind, start, end))
        found += sorted(taken, key=lambda one: one[2])
    return pl.DataFrame(found, schema=FOUND, orient="row")


def secrets(text: pl.Series) -> pl.Series:
    """Say why a text is rejected for a credential; null keeps it. For what is not caught see `find_secrets`.

    Args:
        text: String column.

    Returns:
        String column: ``"secret_"`` and the kind of the first in the text, or null.
    """
    first = find_secrets(text).unique("row", keep="first", maintain_order=True)
    reasons = first.select("row", reason=pl.concat_str(pl.lit("secret_"), "type"))
    rows = pl.DataFrame({"row": pl.int_range(len(text), dtype=pl.UInt32, eager=True)})
    return rows.join(reasons, on="row", how="left", maintain_order="left")["reason"].alias(text.name)
