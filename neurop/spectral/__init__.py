"""The spectral engine: bases as small real matrices, separable transforms, per-mode mixing."""

from neurop.spectral.bases import Basis, Cosine, Fourier, Sine, natural_basis, spacing
from neurop.spectral.fused import block_tail, linear, mix_packed, mlp
from neurop.spectral.kernels.plain import in_float32
from neurop.spectral.matrices import analysis_matrix
from neurop.spectral.mixing import from_signed, mix, restrict, signed_sizes, to_signed
from neurop.spectral.spherical import analyze_sphere, harmonics_held, synthesize_sphere
from neurop.spectral.transform import analyze, check_target, resample, synthesize, unfinished

__all__ = [
    "Basis",
    "Cosine",
    "Fourier",
    "Sine",
    "analysis_matrix",
    "analyze",
    "analyze_sphere",
    "block_tail",
    "check_target",
    "from_signed",
    "harmonics_held",
    "in_float32",
    "linear",
    "mix",
    "mix_packed",
    "mlp",
    "natural_basis",
    "resample",
    "restrict",
    "signed_sizes",
    "spacing",
    "synthesize",
    "synthesize_sphere",
    "to_signed",
    "unfinished",
]
