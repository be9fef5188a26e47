"""A page of figures: each with its caption and its command, then the table of `brian2zoo figures`. It stands alone."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from docutils.core import publish_parts

from brian2zoo.cli.figure_commands import HEADINGS, Row, by_paper, cells, rows
from brian2zoo.formats.papers import papers
from brian2zoo.formats.zoo import Zoo

STYLE = (  # of this page alone: it is part of Snakemake's report too
    ".zoo{font:16px/1.45 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}.zoo img{max-width:100%}"
    ".zoo figure{margin:2em 0}.zoo table{border-collapse:collapse;font-size:13px}.zoo td,.zoo th{vertical-align:top;"
    "text-align:left;padding:.25em .6em;border-top:1px solid #ccc}.zoo code{font-size:85%}"
)


def html(zoo: Zoo, drawn: Mapping[str, tuple[Path, Sequence[Path]]]) -> str:
    """The page.

    Parameters
    ----------
    drawn : for each PAPER/FIGURE its file without ending, and the results it was drawn from, which take the place of
        the published ones in the table.
    """
    known = papers(zoo.root)
    parts = [
        f'<meta charset="utf-8"><title>brian2zoo</title><style>{STYLE}</style>',
        '<div class="zoo"><h1>Figures</h1>',
    ]
    for key, (stem, _) in drawn.items():
        paper, _, name = key.partition("/")
        parts.append(_figure(known[paper].figures[name].title, key, stem, known[paper].folder / f"{name}.rst"))
    parts.append(
        "<h1>Published against measured</h1><p>Of this run, and of the committed results where it has none.</p>"
    )
    made = {key: data for key, (_, data) in drawn.items()}
    for _, of_paper in by_paper(rows(zoo, made, {key.partition("/")[0] for key in drawn})):
        parts.append(f"<h2>{escape(of_paper[0].paper.short)}: {escape(of_paper[0].paper.title)}</h2>{_table(of_paper)}")
    return "\n".join([*parts, "</div>"]) + "\n"


def _figure(title: str, key: str, stem: Path, caption: Path) -> str:
    image = base64.b64encode(Path(f"{stem}.png").read_bytes()).decode()
    text = publish_parts(caption.read_text(encoding="utf-8"), writer_name="html")["body"]
    return (
        f'<figure><h3>{escape(title)}</h3><img alt="{escape(key)}" src="data:image/png;base64,{image}">'
        f"<figcaption>{text}<p><code>{escape(str(stem))}.png</code>, <code>.pdf</code></p></figcaption></figure>"
    )


def _table(own: Sequence[Row]) -> str:
    lines = ["".join(f"<th>{heading}</th>" for heading in HEADINGS)]
    for row in own:
        texts = ("<br>".join(escape(line).replace("`", "") for line in cell) for cell in cells(row))
        lines.append("".join(f"<td>{text}</td>" for text in texts))
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"
