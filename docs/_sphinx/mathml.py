"""Equations as MathML, which browsers draw themselves: no page needs a script or a font from
elsewhere.
"""

import re

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


def inline(writer: HTML5Translator, node: nodes.math) -> None:
    """Write an equation within a line."""
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def block(writer: HTML5Translator, node: nodes.math_block) -> None:
    r"""Write an equation that stands by itself, with the number of its \tag beside it."""
    source = re.sub(r"\\tag{(\w+)}", "", text := node.astext())
    number = "".join(re.findall(r"\\tag{(\w+)}", text))
    writer.body.append(
        f'<div class="equation">{tex2mathml(source, as_block=True)}<span>({number})</span></div>'
    )
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Let conf.py choose `html_math_renderer = "mathml"`."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
