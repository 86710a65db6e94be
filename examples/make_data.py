"""Write the examples' data from scikit-learn's bundled sets, with the mess that real exports have.

    python examples/make_data.py [FOLDER]

FOLDER is `examples/` itself unless told. The measurements are scikit-learn's (wine, breast cancer, digits); what is
made up here is only how badly they were exported. The same files come out each time, so a diff shows a real change.
Needs scikit-learn, pandas and Pillow.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

SPELLINGS = (
    ("Barolo", "barolo", "Barolo ", "BAROLO"),
    ("Grignolino", "grignolino", "Grignolino ", "Grignolno"),
    ("Barbera", "barbera", " Barbera", "BARBERA"),
)
DIGITS_PER_CLASS = 40
LARGE_SCANS, INVERTED_SCANS = 14, 18


def write_wine(folder: Path) -> None:
    """bottles.csv and the exports of two laboratories that agree on nothing but the bottle's number."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(178)
    data = load_wine(as_frame=True)
    wine = data.data.rename(columns={"od280/od315_of_diluted_wines": "od_ratio"})
    shuffled = rng.permutation(len(wine))
    wine = wine.iloc[shuffled].reset_index(drop=True)
    cultivar = data.target.iloc[shuffled].reset_index(drop=True)
    wine.insert(0, "bottle", [f"B-{number:03d}" for number in range(1, len(wine) + 1)])

    names = [SPELLINGS[label][rng.choice(4, p=(0.7, 0.1, 0.1, 0.1))] for label in cultivar]
    bottles = pd.DataFrame({"bottle": wine["bottle"], "cultivar": names})
    pd.concat([bottles, bottles.sample(4, random_state=1)]).to_csv(folder / "bottles.csv", index=False)
    _write_north(folder / "lab_north.csv", wine.iloc[:101].copy(), rng)
    _write_south(folder / "lab_south.csv", wine.iloc[98:].copy(), rng)


def _write_north(path: Path, wine: pd.DataFrame, rng: np.random.Generator) -> None:
    """Some magnesium in g/L instead of mg/L, -999 for "not measured", and rows that were exported twice."""
    grams = rng.choice(wine.index, 11, replace=False)
    wine.loc[grams, "magnesium"] = wine.loc[grams, "magnesium"] / 1000
    wine.loc[rng.choice(wine.index, 6, replace=False), "malic_acid"] = -999
    wine.loc[rng.choice(wine.index, 3, replace=False), "alcohol"] *= 10  # the point was forgotten
    text = wine.astype(object)
    for column in ("ash", "flavanoids", "hue"):
        text.loc[rng.choice(wine.index, 3, replace=False), column] = "n/a"
    text.columns = [column.replace("_", " ").capitalize() for column in text.columns]
    pd.concat([text, text.iloc[[5, 17, 17, 60]]]).to_csv(path, index=False)


def _write_south(path: Path, wine: pd.DataFrame, rng: np.random.Generator) -> None:
    """Semicolons, decimal commas, proline in g/L instead of mg/L, a dash for what is missing, a column too many."""
    wine["proline"] = wine["proline"] / 1000
    wine["operator"] = rng.choice(["MR", "GB", "mr"], len(wine))
    for column in ("total_phenols", "color_intensity"):
        wine.loc[rng.choice(wine.index, 4, replace=False), column] = np.nan
    wine = pd.concat([wine, wine.iloc[[2, 40]]])
    wine.to_csv(path, index=False, sep=";", decimal=",", na_rep="-")


def write_tumours(folder: Path) -> None:
    """measurements.csv with gaps, and diagnosis.csv in another order, without some patients and with loose spelling."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(569)
    data = load_breast_cancer(as_frame=True)
    measurements = data.data.rename(columns=lambda name: name.replace(" ", "_"))
    patients = 840_000 + rng.choice(90_000, len(measurements), replace=False)
    measurements.insert(0, "patient", patients)
    for column in ("mean_texture", "worst_concavity", "area_error"):
        measurements.loc[rng.choice(measurements.index, 7, replace=False), column] = np.nan
    pd.concat([measurements, measurements.iloc[[11, 230]]]).to_csv(folder / "measurements.csv", index=False)

    spellings = (("M", "M", "M", "m"), ("B", "B", "B", "B "))
    labels = [spellings[label][rng.integers(4)] for label in data.target]
    diagnosis = pd.DataFrame({"patient": patients, "diagnosis": labels})
    diagnosis.sample(frac=0.99, random_state=2).to_csv(folder / "diagnosis.csv", index=False)


def write_digits(folder: Path) -> None:
    """8x8 grey PNG files in a folder a class; a few are scanned at 16x16 and a few are white on black."""
    rng = np.random.default_rng(1797)
    data = load_digits()
    pixels = np.rint(255 - data.images * 255 / 16).astype(np.uint8)  # black on white, as on paper
    chosen = [np.flatnonzero(data.target == label)[:DIGITS_PER_CLASS] for label in range(10)]
    odd = rng.permutation(np.concatenate(chosen))
    large, inverted = set(odd[:LARGE_SCANS]), set(odd[LARGE_SCANS : LARGE_SCANS + INVERTED_SCANS])
    for label, indices in enumerate(chosen):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        for index in indices:
            scan = 255 - pixels[index] if index in inverted else pixels[index]
            scan = np.kron(scan, np.ones((2, 2), np.uint8)) if index in large else scan
            # Stored, not compressed: the bytes don't depend on the version of zlib.
            Image.fromarray(scan).save(folder / str(label) / f"scan_{index:04d}.png", compress_level=0)


def main(folder: Path) -> None:
    write_wine(folder / "wine-cleanup" / "data")
    write_tumours(folder / "tumour-models" / "data")
    write_digits(folder / "digit-training" / "data")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
