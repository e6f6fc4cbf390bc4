"""The spectral engine: bases as small real matrices, separable transforms, per-mode mixing."""

from neurop.spectral.bases import Basis, Cosine, Fourier, Sine, natural_basis, spacing
from neurop.spectral.matrices import analysis_matrix, halved
from neurop.spectral.mixing import from_signed, mix, mix_packed, restrict, signed_sizes, to_signed
from neurop.spectral.transform import analyze, check_target, resample, synthesize, unfinished

__all__ = [
    "Basis",
    "Cosine",
    "Fourier",
    "Sine",
    "analysis_matrix",
    "analyze",
    "check_target",
    "from_signed",
    "halved",
    "mix",
    "mix_packed",
    "natural_basis",
    "resample",
    "restrict",
    "signed_sizes",
    "spacing",
    "synthesize",
    "to_signed",
    "unfinished",
]
