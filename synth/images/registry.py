"""Every kind of picture by name, and one way to draw any of them."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from synth.images.benign import BENIGN, benign
from synth.images.chat_frame import CHAT_FRAME, chat_frame
from synth.images.flow_chart import FLOW_CHART, flow_chart
from synth.images.lift import LIFT, Lifted, lift
from synth.images.scene import Scene
from synth.images.spec import RenderSpec
from synth.images.split_risk import SPLIT_RISK, split_risk
from synth.language import Language


class Drawn(NamedTuple):
    """A picture and the text part beside it; the answer is known for harmless ones only."""

    spec: RenderSpec | Scene
    png: bytes
    text: str
    answer: str | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of picture.

    Args:
        relation: `name@version`. The version is raised whenever the same random state would give another picture.
        source: The paper it comes from, or `own`.
        carry: `(request, *, rng, held_out) -> Lifted` where it carries a request; None where its content is its own
            and harmless.
        languages: Languages it works for.
    """

    relation: str
    source: str
    carry: Callable[..., Lifted] | None = None
    languages: tuple[Language, ...] = ("en", "zh")

    @property
    def name(self) -> str:
        return self.relation.partition("@")[0]

    @property
    def version(self) -> int:
        return int(self.relation.partition("@")[2])

    def draw(self, text: str | None = None, *, rng: Random, held_out: bool = False, language: Language = "en") -> Drawn:
        """Draw it.

        Args:
            text: The request that it carries; None for a harmless kind, which takes none.
            rng: The same state gives the same bytes.
            held_out: Use the sentences kept for calibration and test.
            language: Of a harmless kind; one that carries a request speaks its language.

        Raises:
            NotApplicable: Where it does not work for this text.
            ValueError: If a text is missing, or one was given that the kind does not take.
        """
        if self.carry is None:
            if text is not None:
                raise ValueError(f"{self.name} has content of its own and takes no text")
            picture = benign(rng=rng, language=language, kind=self.name)
            return Drawn(picture.spec, picture.png, picture.question, picture.answer)
        if text is None:
            raise ValueError(f"{self.name} draws a text: give one")
        return Drawn(*self.carry(text, rng=rng, held_out=held_out))


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(LIFT, "Gong et al. 2023, arXiv 2311.05608", lift),
        Kind(SPLIT_RISK, "Hu et al. 2024, arXiv 2411.19939; Liu et al. 2023, arXiv 2311.17600", split_risk),
        Kind(FLOW_CHART, "Zhang et al. 2025, arXiv 2502.21059", flow_chart),
        Kind(CHAT_FRAME, "own", chat_frame),
        *(Kind(maker.relation, "own") for maker in BENIGN.values()),
    )
}
