"""References by the module that defines a class, to the shorter name that is documented."""

from __future__ import annotations

from typing import Any

from docutils.nodes import Element
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contents: Element
) -> Element | None:
    """Return a reference to a member of a class that is documented under another name.

    Sphinx knows ``neurop.geometry.sphere.Sphere`` as another name of ``neurop.Sphere``, but not the
    methods.
    """
    if node.get("refdomain") != "py":
        return None
    domain: Any = env.get_domain("py")
    owner, _, member = node["reftarget"].rpartition(".")
    entry = domain.objects.get(owner)
    if entry is None or not entry.aliased:
        return None
    name = f"{entry.node_id}.{member}"
    return domain.resolve_xref(
        env, node["refdoc"], app.builder, node["reftype"], name, node, contents
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Try it for every reference that Sphinx cannot resolve."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
