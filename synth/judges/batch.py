"""Many samples before one judge: every sample gets one judgement, and every reply belongs to a sample."""

from collections.abc import Iterable, Sequence

from synth.inference.request import Reply
from synth.judges.judge import Judge, Style
from synth.judges.judgement import Judgement
from synth.judges.rules import Rule
from synth.judges.subject import Subject


def judgements(
    judge: Judge | Rule, subjects: Sequence[Subject], replies: Iterable[Reply], *, model: str, style: Style = "chat"
) -> list[Judgement]:
    """One judgement for each sample, in their order.

    Args:
        judge: The judge that was asked.
        subjects: The samples.
        replies: Replies to what `judge.requests` gave for them, in any order.
        model: Name and digest of the model that was asked.
        style: As it was asked.

    Raises:
        ValueError: If a reply is to none of the samples: they are not the ones that were asked about.
    """
    found: dict[str, list[Reply]] = {subject.sample_id: [] for subject in subjects}
    for reply in replies:
        sample_id = reply.id.partition("/")[0]
        if sample_id not in found:
            raise ValueError(
                f"{judge.name}: reply {reply.id} is to none of these {len(found)} samples; "
                "read replies with the samples that were asked about"
            )
        found[sample_id].append(reply)
    return [judge.read(subject, found[subject.sample_id], model=model, style=style) for subject in subjects]
