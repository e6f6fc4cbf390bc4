"""Formulas as MathML, which browsers draw themselves: no script, no font and no request."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

log = logging.getLogger(__name__)
# Bars of a norm or an absolute value, which the converter leaves to be stretched and spaced.
_BAR = re.compile(r"<mo(?: fence=\"false\")?(?: stretchy=\"false\")?>&#x(02016|0007C);")
# Primes, which superscripts of most fonts make too small to read; the character is raised itself.
_PRIME = re.compile(
    r"<msu(b?)(?:sup|p)>(<mi>[^<]*</mi>)((?:<m[in]>[^<]*</m[in]>)?)<mi>&#x02032;</mi></msu\1(?:sup|p)>"
)
# Functions before an argument without brackets, which the converter does not space.
_FUNCTION = re.compile(
    r"(?<!<msub>)(?<!<msup>)(<mi>(?:sin|cos|tan|log|exp)</mi>)(?!<mrow><mo|<mo[^>]*>&#x00028;|</)"
)
_SPACE = '<mspace width="0.17em"/>'


def mathml(latex: str, display: str) -> str:
    """Return a formula as MathML, after a warning for a command that has no translation.

    Examples
    --------
    >>> mathml("k", "inline").startswith('<math xmlns=')
    True
    """
    made: str = convert(latex, display=display)
    # A command that the converter does not know stays in the result as it was written.
    for unknown in sorted(set(re.findall(r"\\[a-zA-Z]+", made))):
        log.warning("no MathML for %s in: %s", unknown, latex, type="mathml")
    made = _PRIME.sub(_primed, made)
    made = _FUNCTION.sub(rf"<mrow>{_SPACE}\1{_SPACE}</mrow>", made)
    return _BAR.sub(r'<mo stretchy="false" lspace="0" rspace="0">&#x\1;', made)


def _primed(found: re.Match[str]) -> str:
    base = f"<msub>{found[2]}{found[3]}</msub>" if found[3] else found[2]
    return f'<mrow>{base}<mo lspace="0" rspace="0">&#x02032;</mo></mrow>'


def inline(translator: Any, node: nodes.math) -> None:
    """Write a formula in a line of text."""
    translator.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def displayed(translator: Any, node: nodes.math_block) -> None:
    """Write a formula of its own, which scrolls where the window is narrow."""
    made = mathml(node.astext(), "block")
    translator.body.append(f'<div class="formula">{made}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer that ``html_math_renderer = "mathml"`` names."""
    app.add_html_math_renderer("mathml", (inline, None), (displayed, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
