"""Step 5: the mean of several checkpoints of contrast.py, which answers better than the last one alone.

Source: Wortsman et al. 2022, "Model soups".
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor


def mean(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Returns the mean of each tensor of floating-point numbers, and of any other the first."""
    first = states[0]
    return {
        name: torch.stack([state[name] for state in states]).mean(0) if tensor.is_floating_point() else tensor
        for name, tensor in first.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True, help="a file that export.py reads as student and late")
    options = parser.parse_args()
    held = [torch.load(path, map_location="cpu") for path in options.checkpoints]
    torch.save({part: mean([one[part] for one in held]) for part in ("student", "late")}, options.out)


if __name__ == "__main__":
    main()
