"""A review project on the server: what annotators see of a row, what they are asked, and who they are."""

import html
import secrets
from typing import TYPE_CHECKING

from annotate.control import Server
from annotate.guidelines import GUIDELINES, QUESTION
from catalog.labels import CATEGORIES, SAFETY

if TYPE_CHECKING:
    import argilla

DATASET = "safety-review"
WORKSPACE = "safeladder"


def settings(*, overlap: int = 1) -> "argilla.Settings":
    """Fields, questions and guidelines of a safety review.

    Nothing is suggested: a suggestion fills the answer in, and people then confirm it. The machine's uncertainty is
    kept where annotators do not see it; the server orders their queue by it.

    Args:
        overlap: Annotators whose answer a record needs before it leaves the queues.

    Raises:
        argilla.ArgillaError: Before the first `connect`: the SDK describes no settings without a server.
    """
    import argilla as rg

    return rg.Settings(
        guidelines=GUIDELINES,
        fields=[
            rg.TextField(name="prompt", title="Prompt", use_markdown=False),
            rg.TextField(name="response", title="Response", use_markdown=False),
            rg.ImageField(name="image", title="Picture", required=False),
        ],
        questions=[
            rg.LabelQuestion(name="label", title="Label", description=QUESTION, labels=list(SAFETY)),
            rg.LabelQuestion(name="category", title="Kind of harm", labels=CATEGORIES, required=False),
            rg.TextQuestion(name="comment", title="Comment", required=False),
        ],
        metadata=[
            rg.FloatMetadataProperty(name="uncertainty", min=0, max=1, visible_for_annotators=False),
            rg.TermsMetadataProperty(name="language"),
            rg.TermsMetadataProperty(name="batch"),
        ],
        distribution=rg.TaskDistribution(min_submitted=overlap),
    )


def escape(text: str) -> str:
    """Text as it must be sent so that the page shows it letter by letter; `html.unescape` is the way back."""
    return html.escape(text)


def connect(server: Server) -> "argilla.Argilla":
    """The SDK's client of a server, as its owner; it never goes through a proxy."""
    import argilla as rg

    return rg.Argilla(api_url=server.url, api_key=server.api_key, trust_env=False)


def find(client: "argilla.Argilla", dataset: str, workspace: str) -> "argilla.Dataset":
    """A dataset that is there.

    Raises:
        LookupError: If there is no such dataset, with the names of those that are.
    """
    for found in client.datasets:
        if (found.name, found.workspace.name) == (dataset, workspace):
            return found
    there = ", ".join(sorted(f"{each.workspace.name}/{each.name}" for each in client.datasets)) or "none"
    raise LookupError(f"no dataset {workspace}/{dataset} on the server; there: {there}")


def find_or_create(client: "argilla.Argilla", dataset: str, workspace: str, overlap: int) -> "argilla.Dataset":
    """The dataset, made with `settings` where it is not there yet.

    Raises:
        ValueError: If it is there with another overlap, which is changed on its settings page.
    """
    import argilla as rg

    room = ensure_workspace(client, workspace)
    try:
        found = find(client, dataset, workspace)
    except LookupError:
        return rg.Dataset(name=dataset, workspace=room, settings=settings(overlap=overlap), client=client).create()
    there = found.settings.distribution.min_submitted
    if there != overlap:
        raise ValueError(f"{workspace}/{dataset} has overlap {there}, not {overlap}: change it on its settings page")
    return found


def ensure_workspace(client: "argilla.Argilla", name: str) -> "argilla.Workspace":
    """The workspace, made where it is not there yet."""
    import argilla as rg

    found = (each for each in client.workspaces if each.name == name)
    return next(found, None) or rg.Workspace(name=name, client=client).create()


def add_annotator(server: Server, username: str, *, workspace: str = WORKSPACE) -> str:
    """Create an annotator of a workspace; the workspace is made when it is not there.

    Returns:
        The password, which is shown this once.

    Raises:
        ValueError: If there is a user of this name.
    """
    import argilla as rg

    client = connect(server)
    if any(user.username == username for user in client.users):
        raise ValueError(f"there is a user {username!r} on the server already: choose another name")
    password = secrets.token_urlsafe(12)
    user = rg.User(username=username, password=password, role="annotator", client=client).create()
    user.add_to_workspace(ensure_workspace(client, workspace))
    return password
