"""Passages in two dimensions, so that what is about the same thing lies together; places stay what they were.

The places are kept in `map.json` in the index folder, outside of the generations: a build neither reads nor removes it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag import durable
from rag.encoders.base import Vectors
from rag.store.base import Store

Places = npt.NDArray[np.float32]  # shape (n, 2), within 0 and 1
Point = tuple[float, float]
FILE = "map.json"
FORMAT = 1
SEED = 20_240_901
LAID_OUT = 3_000  # passages by t-SNE, about seven seconds; the rest is placed beside them
PERPLEXITY = 30.0  # the usual number of neighbours that a place takes into account (van der Maaten & Hinton 2008)
STEPS = 500  # half as many as usual: neighbours are as well kept
COMPONENTS = 50  # of the vectors, before t-SNE: what is beyond is noise, and costs time
NEAREST = 5  # known passages that say where a new one belongs
SHARPNESS = 8  # power of a similarity as a weight: the nearest counts most
BLOCK = 1_000  # rows of similarities in memory at once
ASIDE = 0.006  # of the width: how far a new passage is from exactly where its neighbours put it
DECIMALS = 4  # a ten-thousandth of the width is a fraction of a pixel


def keys(store: Store) -> tuple[str, ...]:
    """Returns what each passage is known by, also in later generations.

    A question is known by its place among the headings, so that its answer may be edited; all else by its text too.
    """
    counts: dict[str, int] = {}
    made = []
    for _, passage in store.passages():
        is_entry = passage.question is not None
        identity = json.dumps(passage.entry if is_entry else [*passage.entry, passage.text])
        counts[identity] = counts.get(identity, 0) + 1
        made.append(hashlib.sha256(f"{identity}{counts[identity]}".encode()).hexdigest()[:16])
    return tuple(made)


def lay_out(vectors: Vectors, known: Mapping[str, Point], names: Sequence[str]) -> Places:
    """Returns where the passages with these `vectors`, unit, shape (n, d), are; `names` are their `keys`.

    A passage that is `known` stays exactly where it was, a new one goes to those it is like. When fewer than half are
    known, all are laid out anew, and turned so that it looks like before.
    """
    places = np.zeros((len(names), 2), np.float32)
    old = np.array([name in known for name in names], bool)
    places[old] = np.array([known[name] for name in names if name in known], np.float32).reshape(-1, 2)
    if 2 * old.sum() < len(names):
        fresh = _fresh(vectors)
        return _rounded(_aligned(fresh, places, old) if old.sum() > 2 else fresh)
    return _with_others(places, vectors, old)


def place(vector: Vectors, vectors: Vectors, places: Places) -> Point:
    """Returns where a question with this unit `vector` is among passages: by those that are most like it."""
    if len(vectors) == 0:
        return 0.5, 0.5
    x, y = _beside(vector[None], vectors, places)[0].tolist()
    return round(x, DECIMALS), round(y, DECIMALS)


def load(folder: Path) -> dict[str, Point]:
    """Returns the places that `save` wrote by key; none when the file is missing or damaged: then all is laid out."""
    try:
        data = json.loads((folder / FILE).read_bytes())
        if data["format"] != FORMAT:
            return {}
        places = {str(name): (float(x), float(y)) for name, (x, y) in data["places"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    inside = all(0 <= value <= 1 for point in places.values() for value in point)  # false for NaN too
    return places if inside else {}


def save(folder: Path, names: Sequence[str], places: Places) -> None:
    """Writes the places at once or not at all; a folder that cannot be written costs a new layout at the next start."""
    points = {
        name: [round(x, DECIMALS), round(y, DECIMALS)] for name, (x, y) in zip(names, places.tolist(), strict=True)
    }
    with contextlib.suppress(OSError):
        durable.replace(folder / FILE, json.dumps({"format": FORMAT, "places": points}).encode())


def _rounded(places: Places) -> Places:
    return np.asarray(np.clip(places.astype(np.float64).round(DECIMALS), 0, 1), np.float32)


def _fresh(vectors: Vectors) -> Places:
    """Returns a layout of passages that knows none before; at most LAID_OUT of them, evenly chosen, are laid out."""
    if len(vectors) < 3:  # one in the middle, two beside each other
        return np.array([(0.5, 0.5)] if len(vectors) == 1 else [(0.25, 0.5), (0.75, 0.5)], np.float32)
    chosen = np.zeros(len(vectors), bool)
    chosen[np.linspace(0, len(vectors) - 1, min(LAID_OUT, len(vectors))).astype(int)] = True
    places = np.zeros((len(vectors), 2), np.float32)
    places[chosen] = _within(_neighbourhoods(vectors[chosen]))
    return _with_others(places, vectors, chosen)


def _neighbourhoods(vectors: Vectors) -> npt.NDArray[np.float64]:
    """Returns a layout by t-SNE, or by principal components where scikit-learn is not installed."""
    components = _principal(vectors)
    start = components[:, :2] / max(float(components[:, 0].std()), 1e-12) * 1e-4  # as scikit-learn scales it
    try:
        manifold = importlib.import_module("sklearn.manifold")
        threads = importlib.import_module("threadpoolctl")
    except ImportError:
        return components[:, :2]
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    model = manifold.TSNE(init=start.astype(np.float32), perplexity=perplexity, max_iter=STEPS, random_state=SEED)
    with threads.threadpool_limits(1, "openmp"):  # its threads wait for each other: twenty times slower on busy cores
        return np.asarray(model.fit_transform(components.astype(np.float32)), np.float64)


def _principal(vectors: Vectors) -> npt.NDArray[np.float64]:
    """Returns the first principal components, shape (n, at most COMPONENTS, at least 2), their signs settled."""
    centred = vectors.astype(np.float64) - vectors.mean(0)
    values, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, np.argsort(-values, kind="stable")[:COMPONENTS]]
    axes *= np.sign(axes[np.abs(axes).argmax(0), range(axes.shape[1])])  # else another machine may mirror the map
    components = centred @ axes
    return np.pad(components, ((0, 0), (0, max(0, 2 - components.shape[1]))))


def _within(places: npt.NDArray[np.float64]) -> Places:
    """Returns places scaled into the unit square, each direction by itself: neighbours count, not distances."""
    low, high = places.min(0), places.max(0)
    width = np.maximum(high - low, 1e-12)
    return np.asarray(0.5 + (places - (low + high) / 2) / width * (1 - 4 * ASIDE), np.float32)


def _with_others(places: Places, vectors: Vectors, settled: npt.NDArray[np.bool_]) -> Places:
    """Returns places in which those that are not `settled` are beside the settled ones they are most like."""
    places = places.copy()
    rows = np.flatnonzero(~settled)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        beside = _beside(vectors[block], vectors[settled], places[settled])
        places[block] = _rounded(beside + np.array([_aside(vectors[row]) for row in block], np.float32))
    return places


def _beside(wanted: Vectors, vectors: Vectors, places: Places) -> Places:
    """Returns the mean places of the nearest `vectors`, weighted by similarity, for each of `wanted`."""
    similarities = wanted @ vectors.T
    count = min(NEAREST, len(vectors))
    nearest = np.argsort(-similarities, axis=1, kind="stable")[:, :count]
    weights = np.maximum(np.take_along_axis(similarities, nearest, 1), 1e-3) ** SHARPNESS
    weights /= weights.sum(1, keepdims=True)
    return np.asarray((weights[:, :, None] * places[nearest]).sum(1), np.float32)


def _aside(vector: Vectors) -> Point:
    """Returns a small offset whose direction the vector determines, so that none hides behind its neighbours."""
    digest = hashlib.sha256(np.round(vector, 2).tobytes()).digest()
    angle = 2 * math.pi * digest[0] / 256
    return ASIDE * math.cos(angle), ASIDE * math.sin(angle)


def _aligned(fresh: Places, places: Places, old: npt.NDArray[np.bool_]) -> Places:
    """Returns `fresh` turned or mirrored so that the `old` passages are where they were (orthogonal Procrustes)."""
    new_centre, old_centre = fresh[old].mean(0), places[old].mean(0)
    left, _, right = np.linalg.svd((fresh[old] - new_centre).T @ (places[old] - old_centre))
    turned = (fresh - 0.5) @ (left @ right)
    return _within(turned.astype(np.float64))
