"""The spectral engine: bases as small real matrices, separable transforms, per-mode mixing."""

from neurop.spectral.axis_bases import below_nyquist, natural_basis, padded_bases, spacing
from neurop.spectral.bases import Basis, Cosine, Fourier, Sine
from neurop.spectral.chebyshev import Chebyshev
from neurop.spectral.constants import constant_tensor
from neurop.spectral.fused import block_tail, linear, mix_packed, mlp
from neurop.spectral.inputs import at_least_one, check_input, check_waves, one_per_axis
from neurop.spectral.kernels.plain import has_autocast, in_float32
from neurop.spectral.matrices import analysis_matrix
from neurop.spectral.mixed import mix_modes, weight_sizes
from neurop.spectral.mixing import from_signed, mix, restrict, signed_sizes, to_signed
from neurop.spectral.resample import resample, resample_axes, resample_sphere
from neurop.spectral.spherical import analyze_sphere, harmonics_resolved, synthesize_sphere
from neurop.spectral.transform import (
    analyze,
    check_target,
    synthesize,
    synthesize_all_but_last_axis,
)

__all__ = [
    "Basis",
    "Chebyshev",
    "Cosine",
    "Fourier",
    "Sine",
    "analysis_matrix",
    "analyze",
    "analyze_sphere",
    "at_least_one",
    "below_nyquist",
    "block_tail",
    "check_input",
    "check_target",
    "check_waves",
    "constant_tensor",
    "from_signed",
    "harmonics_resolved",
    "has_autocast",
    "in_float32",
    "linear",
    "mix",
    "mix_modes",
    "mix_packed",
    "mlp",
    "natural_basis",
    "one_per_axis",
    "padded_bases",
    "resample",
    "resample_axes",
    "resample_sphere",
    "restrict",
    "signed_sizes",
    "spacing",
    "synthesize",
    "synthesize_all_but_last_axis",
    "synthesize_sphere",
    "to_signed",
    "weight_sizes",
]
