"""A credential is found bare, in English and glued to Chinese; what only looks like one stays."""

import base64
import hashlib
import json
import random
import string
import uuid

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.filters.credentials import credentials
from corpus.filters.scrub import scrub
from corpus.filters.secrets import find_secrets, secrets

LETTERS, UPPER = string.ascii_letters + string.digits, string.ascii_uppercase + string.digits
KEY = "RSA PRIVATE KEY"
# Made here, so that no key stands in a file. Each takes a source of random numbers.
TOKENS = {
    "aws_key": lambda r: "AKIA" + draw(r, UPPER, 16),
    "aliyun_key": lambda r: "LTAI" + draw(r, LETTERS, 20),
    "tencent_key": lambda r: "AKID" + draw(r, LETTERS, 32),
    "github_token": lambda r: f"ghp_{draw(r, LETTERS, 36)}",
    "gitlab_token": lambda r: f"glpat-{draw(r, LETTERS, 20)}",
    "slack_token": lambda r: f"xoxb-{draw(r, string.digits, 12)}-{draw(r, string.digits, 12)}-{draw(r, LETTERS, 24)}",
    "slack_webhook": lambda r: (
        f"https://hooks.slack.com/services/T{draw(r, UPPER, 9)}/B{draw(r, UPPER, 9)}/{draw(r, LETTERS, 24)}"
    ),
    "openai_key": lambda r: f"sk-{r.choice(['', 'proj-', 'ant-'])}{draw(r, LETTERS, 48)}",
    "hugging_face_token": lambda r: f"hf_{draw(r, LETTERS, 34)}",
    "google_key": lambda r: f"AIza{draw(r, LETTERS, 35)}",
    "google_token": lambda r: f"ya29.{draw(r, LETTERS, 60)}",
    "stripe_key": lambda r: f"sk_live_{draw(r, LETTERS, 24)}",
    "sendgrid_key": lambda r: f"SG.{draw(r, LETTERS, 22)}.{draw(r, LETTERS, 43)}",
    "package_token": lambda r: f"npm_{draw(r, LETTERS, 36)}",
    "telegram_token": lambda r: f"{draw(r, '123456789', 10)}:AA{draw(r, LETTERS, 33)}",
    "private_key": lambda r: (
        f"-----BEGIN {KEY}-----\n{draw(r, LETTERS, 64)}\n{draw(r, LETTERS, 64)}\n-----END {KEY}-----"
    ),
    "jwt": lambda r: ".".join(
        [coded({"alg": "HS256", "typ": "JWT"}), coded({"sub": draw(r, LETTERS, 9)}), draw(r, LETTERS, 43)]
    ),
    "connection_string": lambda r: f"postgres://app:{draw(r, LETTERS, 12)}@db.internal:5432/app",
    "assigned_secret": lambda r: f"api_key={draw(r, LETTERS, 32)}",
}
FRAMES = ["{}", "Please use {} for the upload.", "请把{}写进配置文件里。"]
HARMLESS = {
    "sha256": lambda r: hashlib.sha256(r.randbytes(8)).hexdigest(),
    "commit": lambda r: f"fixed in {hashlib.sha1(r.randbytes(8)).hexdigest()}",
    "uuid": lambda r: f"api_key: {uuid.UUID(bytes=r.randbytes(16))}",
    "picture": lambda r: f"data:image/png;base64,{base64.b64encode(r.randbytes(300)).decode()}",
    "placeholder": lambda r: (
        "api_key = " + r.choice(["YOUR_API_KEY_GOES_HERE_123", "<your-api-key-0123456789>", "xxxxxxxxxxxxxxxx12"])
    ),
    "empty": lambda r: f"ghp_{'x' * 36}",
    "address": lambda r: f"https://{draw(r, string.ascii_lowercase, 8)}.org:8080/a@b?id={draw(r, LETTERS, 20)}",
    "environment": lambda r: (
        'client = Client(api_key=os.environ["SERVICE_API_KEY_2"], token=settings.token_v2_default)'
    ),
    "dsn": lambda r: (
        f"postgres://user:{r.choice(['password', '${DB_PASSWORD}', '<password>', 'changeme'])}@localhost/db"
    ),
    "slug": lambda r: "sk-" + "-".join(r.choices(["learn", "model", "fast", "tree", "42", "lock"], k=8)),
    "number": lambda r: f"order {draw(r, string.digits, 20)}",
    "prose": lambda r: r.choice(
        ["The secret is to knead the dough for 10 minutes.", "密码是由8位以上的字母和数字组成的。"]
    ),
    "words": lambda r: "password: correct-horse-battery-staple-2024",
    "public": lambda r: f"-----BEGIN PUBLIC KEY-----\n{draw(r, LETTERS, 64)}\n-----END PUBLIC KEY-----",
}


def draw(source, alphabet, length):
    return "".join(source.choices(alphabet, k=length))


def coded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def text(*texts):
    return pl.Series("text", texts, dtype=pl.String)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("kind", TOKENS)
def test_a_token_is_found_where_it_stands_in_any_script(kind, frame):
    source = random.Random(f"{kind} {frame}")
    tokens = [TOKENS[kind](source) for _ in range(20)]
    found = find_secrets(text(*(frame.format(token) for token in tokens)))
    whole = [token.partition("=")[2] if kind == "assigned_secret" else token for token in tokens]
    start = frame.index("{") + (len("api_key=") if kind == "assigned_secret" else 0)
    right = {(row, kind, start, start + len(token)) for row, token in enumerate(whole)}
    if kind == "connection_string":  # what follows the host is no secret
        right = {(row, kind, start, start + token.index(":5432")) for row, token in enumerate(tokens)}
    # By chance one in some hundred tokens has the look of a placeholder.
    assert len(right & set(found.rows())) >= 19 and found["type"].unique().to_list() == [kind]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("kind", HARMLESS)
def test_what_only_looks_like_a_credential_stays(kind, frame):
    source = random.Random(f"{kind} {frame}")
    assert secrets(text(*(frame.format(HARMLESS[kind](source)) for _ in range(20)))).null_count() == 20


def test_the_first_of_several_is_the_reason_and_every_one_is_scrubbed():
    source = random.Random(7)
    two = f"钥匙{TOKENS['google_key'](source)}和{TOKENS['aws_key'](source)}"
    column = text(two, None, "没有")
    assert secrets(column).to_list() == ["secret_google_key", None, None]
    assert scrub(column, find_secrets(column)).to_list() == ["钥匙[GOOGLE_KEY]和[AWS_KEY]", None, "没有"]


@given(st.lists(st.one_of(st.none(), st.text(max_size=80), st.text("key=: 是sk-_aA1/@", max_size=80)), max_size=8))
def test_the_cheap_look_hides_nothing_and_no_text_breaks_it(texts):
    column = pl.Series("text", texts, dtype=pl.String)
    found = find_secrets(column)
    slow = {row for row, value in enumerate(texts) if value and any(credentials(value))}
    assert set(found["row"]) == slow
