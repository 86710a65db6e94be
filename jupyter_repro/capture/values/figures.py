"""matplotlib's figures, axes and artists by what is drawn, and PIL's images by their pixels."""

from __future__ import annotations

from typing import Any

from jupyter_repro.capture.values.node import Data, Handler, Node, fields, opaque, tag_of


def _figure(value: Any) -> Node:
    width, height = value.get_size_inches()
    axes = list(value.axes)
    suptitle = value._suptitle.get_text() if value._suptitle is not None else ""
    text = f"{width:g} x {height:g} in, {len(axes)} axes"
    size = [float(width), float(height)]
    return fields(
        tag_of(type(value)), text=text, size=size, axes=axes, title=suptitle, texts=value.texts, legends=value.legends
    )


def _axes(value: Any) -> Node:
    text = value.get_title() or f"{value.get_xlabel()} / {value.get_ylabel()}"
    labels = [
        value.get_title(),
        value.get_title("left"),
        value.get_title("right"),
        value.get_xlabel(),
        value.get_ylabel(),
    ]
    return fields(
        tag_of(type(value)),
        text=f"{text}, {len(value._children)} artists",
        position=list(value.get_position(original=True).bounds),
        labels=labels,
        scales=[value.get_xscale(), value.get_yscale()],
        limits=[_limits(value, "x"), _limits(value, "y")],
        ticks=[_ticks(value.xaxis), _ticks(value.yaxis)],
        artists=list(value._children),
        legend=value.get_legend(),
    )


def _limits(value: Any, axis: str) -> list[float] | None:
    """Limits that were set; automatic ones follow from the data, and asking for them would compute them."""
    if getattr(value, f"get_autoscale{axis}_on")():
        return None
    return [float(limit) for limit in getattr(value._viewLim, f"interval{axis}")]


def _ticks(axis: Any) -> list[Any]:
    """Ticks, their labels and categories, where somebody fixed them."""
    locations = getattr(axis.get_major_locator(), "locs", None)
    return [locations, getattr(axis.get_major_formatter(), "seq", None), getattr(axis.units, "_mapping", None)]


def _line(value: Any) -> Node:
    return fields(
        "matplotlib.Line2D",
        text=_label(value),
        data=[value._xorig, value._yorig],
        style=[value.get_linestyle(), value.get_linewidth(), str(value.get_marker()), value.get_markersize()],
        colour=_colour(value.get_color()),
        label=_label(value),
    )


def _label(value: Any) -> str:
    """The label that somebody gave; automatic ones start with an underscore."""
    label = str(value.get_label())
    return "" if label.startswith("_") else label


def _colour(colour: Any) -> Any:
    return colour if isinstance(colour, str) else [float(part) for part in colour]


def _collection(value: Any) -> Node:
    """Points, filled areas, error bars, contours. Colours that stand for values are computed when it is drawn."""
    mapped = value.get_array() is not None
    return fields(
        tag_of(type(value)),
        text=_label(value),
        offsets=value.get_offsets(),
        paths=[path.vertices for path in value.get_paths()],
        values=value.get_array(),
        faces=None if mapped else value.get_facecolor(),
        edges=None if mapped else value.get_edgecolor(),
        widths=list(value.get_linewidth()),
        sizes=value.get_sizes() if hasattr(value, "get_sizes") else None,
        colours=[value.get_cmap().name, *value.get_clim()],
        label=_label(value),
    )


def _patch(value: Any) -> Node:
    return fields(
        tag_of(type(value)),
        text=_label(value),
        path=value.get_path().vertices,
        transform=value.get_patch_transform().get_matrix(),
        face=list(value.get_facecolor()),
        edge=list(value.get_edgecolor()),
        label=_label(value),
    )


def _container(value: Any) -> Node:
    """Bars, error bars and stems: a tuple of artists."""
    return fields(tag_of(type(value)), text=f"{len(value)} artists", artists=list(value), label=_label(value))


def _image(value: Any) -> Node:
    colours = [value.get_cmap().name, *value.get_clim()]
    return fields(tag_of(type(value)), data=value.get_array(), extent=list(value.get_extent()), colours=colours)


def _text(value: Any) -> Node:
    text = value.get_text()
    position = [float(part) for part in value.get_unitless_position()]
    return fields(tag_of(type(value)), text=text[:80], content=text, position=position, size=value.get_fontsize())


def _legend(value: Any) -> Node:
    return fields("matplotlib.Legend", title=value.get_title().get_text(), texts=[t.get_text() for t in value.texts])


def _colormap(value: Any) -> Node:
    return Node(tag_of(type(value)), f"{value.name} {value.N}", text=value.name)


def _picture(value: Any) -> Node:
    """An image that is in memory; loading one that is still on disk would change it."""
    if getattr(value, "tile", None):
        return opaque(value, f"{value.mode} {value.size}")
    head = f"{value.mode} {value.size}"
    palette = value.getpalette() if value.mode == "P" else None
    return Node("PIL.Image", head, Data([value.tobytes()]), children=(palette,), text=head)


HANDLERS: dict[str, Handler] = {
    "matplotlib.FigureBase": _figure,
    "matplotlib._AxesBase": _axes,
    "matplotlib.Line2D": _line,
    "matplotlib.Collection": _collection,
    "matplotlib.Container": _container,
    "matplotlib.Patch": _patch,
    "matplotlib._ImageBase": _image,
    "matplotlib.Text": _text,
    "matplotlib.Legend": _legend,
    "matplotlib.Colormap": _colormap,
    "matplotlib.Artist": opaque,
    "PIL.Image": _picture,
}
