"""Links from names of Python to their pages."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

_NAME = re.compile(r"neurop(\.\w+)+")


def link(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Make a link of every literal in a text that is a documented name, such as `neurop.fit`.

    In the source it is plain code, which other readers of Markdown show as it is meant.
    """
    objects: Any = app.env.get_domain("py").objects
    for literal in list(tree.findall(nodes.literal)):
        text = literal.astext()
        if not _NAME.fullmatch(text) or text not in objects:
            continue
        if any(isinstance(node, nodes.reference) for node in _above(literal)):
            continue
        entry = objects[text]
        made = make_refnode(app.builder, page, entry.docname, entry.node_id, literal.deepcopy())
        literal.replace_self(made)


def _above(node: nodes.Node) -> list[nodes.Node]:
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contents: nodes.Element
) -> nodes.Element | None:
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
    """Link names in texts, and try again what Sphinx cannot resolve."""
    app.connect("doctree-resolved", link)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
