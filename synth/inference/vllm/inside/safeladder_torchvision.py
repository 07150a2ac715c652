"""Lets torchvision be imported beside a CPU build of torch.

Its wheel is built for CUDA, so its compiled operators do not load, and its import stops where it describes two of them.
It is enough to declare these two: image processors need only what is written in Python. A `.pth` file imports this
module when an interpreter starts; nothing happens until torchvision is imported.
"""

import sys
from importlib.abc import MetaPathFinder
from typing import Any

_declared: list[Any] = []  # a declaration lasts as long as its object


class _BeforeTorchvision(MetaPathFinder):
    def find_spec(self, name: str, *_: Any) -> None:
        """Declare the operators when torchvision is about to be imported, and leave finding it to others."""
        if name != "torchvision":
            return
        sys.meta_path.remove(self)
        import torch

        if torch.version.cuda is None:
            library = torch.library.Library("torchvision", "DEF")
            for operator in ("nms", "qnms"):
                library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            _declared.append(library)


sys.meta_path.insert(0, _BeforeTorchvision())
