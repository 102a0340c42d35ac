"""Pictures: the text pinned whole, the image read back as XML."""

import itertools
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given

from tilevm.layouts import Layout, column_local, local, picture, replicated, spatial, svg

from .tables import indices, layouts


def test_a_matrix() -> None:
    assert picture(spatial(3, 4).reduce([0], keepdims=True).local(2, 1)) == "\n".join(
        [
            "replicated(3).spatial(1, 4).local(2, 1)",
            "2 x 4 on 12 places in 2 steps, 3 copies of each element (place:step)",
            "         0        1         2         3",
            "0  0,4,8:0  1,5,9:0  2,6,10:0  3,7,11:0",
            "1  0,4,8:1  1,5,9:1  2,6,10:1  3,7,11:1",
        ]
    )


def test_higher_ranks_are_drawn_by_matrix() -> None:
    assert picture(local(2, 1, 1).spatial(1, 1, 2)) == "\n".join(
        [
            "spatial(1, 1, 2).local(2, 1, 1)",
            "2 x 1 x 2 on 2 places in 2 steps (place:step)",
            "[0, :, :]",
            "     0    1",
            "0  0:0  1:0",
            "[1, :, :]",
            "     0    1",
            "0  0:1  1:1",
        ]
    )


@pytest.mark.parametrize(
    "layout",
    [spatial(2**30, 2**30), local(2**20, 3).replicated(2**30), spatial(*[2] * 40), local(2**60)],
)
def test_large_tiles_are_elided(layout: Layout) -> None:
    text = picture(layout)
    assert len(text) < 8000 and "..." in text
    assert len(svg(layout)) < 400_000
    last = [extent - 1 for extent in layout.shape]
    if layout.rank <= 2:
        assert f":{layout.step_of(last)}" in text


@given(layouts(cells=64))
def test_every_cell_is_in_the_text(layout: Layout) -> None:
    if max((1, *layout.shape)) > 16 or layout.size > 64:
        return
    cells = re.findall(r"[\d,.]+:\d+", picture(layout))
    expected = []
    for index in indices(layout.shape)[: matrix_cells(layout)]:
        places = layout.places_of(index)
        names = ",".join(map(str, places[:3])) + (",.." if len(places) > 3 else "")
        expected.append(f"{names}:{layout.step_of(index)}")
    assert cells == expected


def matrix_cells(layout: Layout) -> int:
    rows, columns = (1, 1, *layout.shape)[-2:]
    return 8 * rows * columns


def shapes_in(image: str, tag: str) -> list[ET.Element]:
    return list(ET.fromstring(image).iter(f"{{http://www.w3.org/2000/svg}}{tag}"))


def test_image_has_a_box_for_each_element_in_the_colour_of_its_place() -> None:
    layout = column_local(2, 2).spatial(8, 4).local(1, 2)
    image = svg(layout, "A of m16n8k16")
    boxes = shapes_in(image, "rect")[1:]
    labels = [text.text for text in shapes_in(image, "text") if ":" in (text.text or "")]
    assert len(boxes) == len(labels) == layout.size
    colours: dict[str, set[str]] = {}
    for box, label in zip(boxes, labels, strict=True):
        colours.setdefault(str(label).split(":")[0], set()).add(box.get("fill", ""))
    assert all(len(found) == 1 for found in colours.values())
    assert len(set().union(*colours.values())) == layout.places == 32


@pytest.mark.parametrize(
    "layout",
    [
        local(),
        replicated(9),
        spatial(3, 4).reduce([0]),
        spatial(100, 100),
        local(3, 2, 2),
        local(9),
    ],
)
def test_image_fits_its_frame(layout: Layout) -> None:
    image = svg(layout, "a title that is longer than the grid is wide, for certain")
    root = ET.fromstring(image)
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    boxes = [
        tuple(float(box.get(name, 0)) for name in ("x", "y", "width", "height"))
        for box in shapes_in(image, "rect")[1:]
    ]
    for x, y, w, h in boxes:
        assert 0 <= x and x + w <= width and 0 <= y and y + h <= height
    for (x, y, w, h), (x2, y2, *_) in itertools.combinations(boxes[:50], 2):
        assert x2 >= x + w or y2 >= y + h or x2 + w <= x, "boxes overlap"
    for text in shapes_in(image, "text"):
        assert 0 <= float(text.get("x", 0)) <= width and 0 <= float(text.get("y", 0)) <= height
        if text.get("text-anchor") == "start":
            assert float(text.get("x", 0)) + 7.9 * len(text.text or "") <= width


def test_titles_are_escaped() -> None:
    image = svg(local(2), 'x < y & "z"\0')
    assert next(text.text for text in shapes_in(image, "text")) == 'x < y & "z" '
    assert shapes_in(image, "title")[0].text == 'x < y & "z" : local(2)'


def test_images_are_reproducible() -> None:
    assert svg(spatial(4).local(2), "t") == svg(spatial(4).local(2), "t")
